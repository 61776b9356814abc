package staff

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/stoashop/stoa/guard/audit"
	"github.com/stoashop/stoa/guard/policy"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/platform/db"
)

// Token is a program's key to the API. The key itself is told once, when it is
// made; what is stored is its hash.
//
// A token never does more than whoever made it may do today: it loses what the
// maker's role loses, and is good for nothing while the maker is switched off.
type Token struct {
	ID        string // "tok_…"
	Name      string // what it is for, 1 to 100 characters
	Hint      string // the last four characters of the key
	Scopes    policy.Set
	MadeBy    string // "stf_…"; "" when it was made at the command line
	CreatedAt time.Time
	ExpiresAt time.Time // the first instant at which it opens nothing; zero means never
	UsedAt    time.Time // to the minute; zero means never
	RevokedAt time.Time // zero while it has not been
}

// Live reports whether the token opens anything at now.
func (t Token) Live(now time.Time) bool {
	return t.RevokedAt.IsZero() && (t.ExpiresAt.IsZero() || now.Before(t.ExpiresAt))
}

const (
	// TokenPrefix is what every key begins with, so that scanners find one
	// that got into a repository.
	TokenPrefix = "stoa_"

	tokenLength = len(TokenPrefix) + 43
	usedEvery   = time.Minute // how precisely uses are noted
	maxTokens   = 500         // of a shop that have not been revoked
)

// Scopes lists what a token can be allowed: the trade, and never the team, the
// tokens, or a person's own account.
func Scopes() policy.Set {
	return policy.Set{
		policy.CatalogRead, policy.CatalogWrite, policy.StockRead, policy.StockWrite,
		policy.OrderRead, policy.OrderWrite, policy.OrderShip, policy.OrderCancel, policy.OrderRefund,
		policy.CustomerRead, policy.CustomerWrite,
	}
}

// ScopesOf is what a token with a role's rights can do; an unknown role is
// nothing.
func ScopesOf(role policy.Role) policy.Set {
	may := role.Permissions()
	return slices.DeleteFunc(Scopes(), func(p policy.Permission) bool { return !may.Has(p) })
}

// NewToken is what a token is made of.
type NewToken struct {
	Name      string
	Scopes    policy.Set
	ExpiresAt time.Time // zero means never
}

// check says what is wrong, all at once. may is what the maker may do.
func (n NewToken) check(may policy.Set, now time.Time) error {
	var form fault.Form
	switch {
	case strings.TrimSpace(n.Name) == "":
		form.Add("name", "form.required")
	case utf8.RuneCountInString(n.Name) > maxName:
		form.Add("name", "form.too_long", "max", maxName)
	}
	if len(n.Scopes) == 0 {
		form.Add("scopes", "form.required")
	}
	for _, p := range n.Scopes {
		switch {
		case !Scopes().Has(p):
			form.Add("scopes", "form.not_a_choice")
		case !may.Has(p):
			form.Add("scopes", "staff.scope_not_yours", "scope", string(p))
		}
	}
	if !n.ExpiresAt.IsZero() && !n.ExpiresAt.After(now) {
		form.Add("expires_at", "staff.token_expiry_past")
	}
	return form.Err()
}

// MakeToken makes a token and returns its key, which cannot be had again. may
// is what its maker, the actor, may do: nobody hands on what they have not got.
// It fails with the fields that will not do, or with "staff.too_many_tokens".
func (s *Service) MakeToken(ctx context.Context, tx *db.Tx, actor audit.Actor, may policy.Set, n NewToken) (t Token, key string, err error) {
	if err := n.check(may, tx.Now()); err != nil {
		return Token{}, "", err
	}
	live, err := liveTokens(ctx, tx, maxTokens)
	if err != nil {
		return Token{}, "", err
	}
	if live >= maxTokens {
		return Token{}, "", fault.New(fault.Conflict, "staff.too_many_tokens").With("max", maxTokens)
	}
	key = TokenPrefix + tx.NewToken()
	t = Token{ID: tx.NewID("tok"), Name: strings.TrimSpace(n.Name), Hint: key[len(key)-4:], CreatedAt: tx.Now(), ExpiresAt: n.ExpiresAt}
	for _, p := range Scopes() { // in a fixed order, each once
		if n.Scopes.Has(p) {
			t.Scopes = append(t.Scopes, p)
		}
	}
	if actor.Kind == audit.KindStaff {
		t.MadeBy = actor.ID
	}
	if err := insertAPIToken(ctx, tx, t, key); err != nil {
		return Token{}, "", fmt.Errorf("insert token: %w", err)
	}
	return t, key, audit.Append(ctx, tx, audit.Change{
		Actor: actor, Action: "token.made", Object: "token", ID: t.ID, After: map[string]any{"name": t.Name, "scopes": t.Scopes, "expires_at": t.ExpiresAt},
	})
}

// RevokeToken ends a token: its next request is refused, on every node. A
// second call changes nothing. It fails with "staff.token_not_found".
func (s *Service) RevokeToken(ctx context.Context, tx *db.Tx, actor audit.Actor, id string) (Token, error) {
	if _, err := tokenByID(ctx, tx, id); err != nil {
		return Token{}, err
	}
	done, err := revokeToken(ctx, tx, id)
	if err != nil {
		return Token{}, err
	}
	r, err := tokenByID(ctx, tx, id)
	if err != nil || !done {
		return r.Token, err
	}
	return r.Token, audit.Append(ctx, tx, audit.Change{Actor: actor, Action: "token.revoked", Object: "token", ID: id, Before: map[string]string{"name": r.Name}})
}

// Token returns one token; "staff.token_not_found" when there is none.
func (s *Service) Token(ctx context.Context, q db.Q, id string) (Token, error) {
	r, err := tokenByID(ctx, q, id)
	return r.Token, err
}

// Tokens lists at most n tokens older than the one with the id before, the
// newest first; "" begins at the newest. Revoked and expired ones are among
// them.
func (s *Service) Tokens(ctx context.Context, q db.Q, before string, n int) ([]Token, error) {
	rows, err := tokensBefore(ctx, q, before, n)
	list := make([]Token, len(rows))
	for i, r := range rows {
		list[i] = r.Token
	}
	return list, err
}

// IdentifyToken says which token a key belongs to. An unknown, expired or
// revoked one is a guest and no error.
func (s *Service) IdentifyToken(ctx context.Context, key string) (policy.Identity, error) {
	if len(key) != tokenLength || !strings.HasPrefix(key, TokenPrefix) {
		return policy.Identity{}, nil
	}
	r, err := tokenBySecret(ctx, s.db, key)
	if errors.Is(err, db.ErrNoRows) {
		return policy.Identity{}, nil
	}
	if err != nil {
		return policy.Identity{}, fmt.Errorf("find token: %w", err)
	}
	now := s.db.Now()
	if !r.Live(now) {
		return policy.Identity{}, nil
	}
	may := r.Scopes
	if r.MadeBy != "" {
		if !r.makerActive {
			return policy.Identity{}, nil
		}
		role := r.makerRole.Permissions()
		may = slices.DeleteFunc(slices.Clone(may), func(p policy.Permission) bool { return !role.Has(p) })
	}
	if now.Sub(r.UsedAt) >= usedEvery {
		if err := s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error { return touchToken(ctx, tx, r.ID, now) }); err != nil {
			return policy.Identity{}, fmt.Errorf("note use of token: %w", err)
		}
	}
	return policy.Identity{Kind: policy.Token, ID: r.ID, Name: r.Name, Permissions: may}, nil
}
