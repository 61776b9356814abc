package api

import (
	"context"
	"net/http"
	"time"

	"github.com/stoashop/stoa/api/kit"
	"github.com/stoashop/stoa/guard/policy"
	"github.com/stoashop/stoa/guard/staff"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/id"
	"github.com/stoashop/stoa/platform/db"
)

// staffTokens are the operations on programs' keys. They are for people: a
// program cannot make itself another key, or keep one alive.
func (a *API) staffTokens(k *kit.API) {
	const tag = "staff: tokens"
	kit.Add(k, kit.Operation[kit.PageIn, kit.Page[token]]{
		Name: "staff.tokens.list", Method: http.MethodGet, Path: "/staff/tokens", Tag: tag, Who: policy.Staff, Permission: policy.TokenWrite,
		Summary: "List the tokens of programs, the newest first, revoked and expired ones too.",
		Handler: a.listTokens,
	})
	kit.Add(k, kit.Operation[tokenIn, tokenMade]{
		Name: "staff.tokens.create", Method: http.MethodPost, Path: "/staff/tokens", Tag: tag, Who: policy.Staff, Permission: policy.TokenWrite, Once: true, Status: http.StatusCreated, Body: 16 << 10,
		Summary:     "Make a token for a program.",
		Description: "The answer holds the key, which is not stored and never told again. A token does at most what whoever made it may do: it loses what they lose.",
		Tx: func(ctx context.Context, tx *db.Tx, in tokenIn) (tokenMade, error) {
			n := staff.NewToken{Name: in.Name, ExpiresAt: in.ExpiresAt}
			for _, s := range in.Scopes {
				n.Scopes = append(n.Scopes, policy.Permission(s))
			}
			t, key, err := a.Staff.MakeToken(ctx, tx, actor(ctx), policy.Of(ctx).Permissions, n)
			return tokenMade{tokenOf(t), key}, err
		},
	})
	kit.Add(k, kit.Operation[tokenID, token]{
		Name: "staff.tokens.get", Method: http.MethodGet, Path: "/staff/tokens/{id}", Tag: tag, Who: policy.Staff, Permission: policy.TokenWrite,
		Summary: "Get what a token may do and when it was last used.",
		Handler: func(ctx context.Context, in tokenID) (token, error) {
			if !id.Valid("tok", in.ID) {
				return token{}, fault.New(fault.NotFound, "staff.token_not_found")
			}
			t, err := a.Staff.Token(ctx, a.DB, in.ID)
			return tokenOf(t), err
		},
	})
	kit.Add(k, kit.Operation[tokenID, token]{
		Name: "staff.tokens.revoke", Method: http.MethodDelete, Path: "/staff/tokens/{id}", Tag: tag, Who: policy.Staff, Permission: policy.TokenWrite, Status: http.StatusOK,
		Summary: "Revoke a token: its next request is refused.",
		Tx: func(ctx context.Context, tx *db.Tx, in tokenID) (token, error) {
			if !id.Valid("tok", in.ID) {
				return token{}, fault.New(fault.NotFound, "staff.token_not_found")
			}
			t, err := a.Staff.RevokeToken(ctx, tx, actor(ctx), in.ID)
			return tokenOf(t), err
		},
	})
}

type tokenID struct {
	ID string `path:"id" max:"40"`
}

type tokenIn struct {
	Name      string    `json:"name" required:"true" max:"100" doc:"What the program is for."`
	Scopes    []string  `json:"scopes" required:"true" items:"30" oneof:"catalog.read catalog.write stock.read stock.write order.read order.write order.ship order.cancel order.refund customer.read customer.write" doc:"What it may do: the x-permission of operations."`
	ExpiresAt time.Time `json:"expires_at" doc:"The first instant at which it opens nothing; never when absent."`
}

type token struct {
	ID        string           `json:"id"`
	Name      string           `json:"name"`
	Hint      string           `json:"hint" doc:"The last four characters of the key."`
	Scopes    kit.List[string] `json:"scopes"`
	MadeBy    string           `json:"made_by,omitempty" doc:"Id of a member of staff; absent when it was made at the command line."`
	CreatedAt time.Time        `json:"created_at"`
	ExpiresAt time.Time        `json:"expires_at,omitzero"`
	UsedAt    time.Time        `json:"last_used_at,omitzero" doc:"To the minute; absent when it never was."`
	RevokedAt time.Time        `json:"revoked_at,omitzero"`
}

type tokenMade struct {
	token
	Key string `json:"key" doc:"A secret: send it as Authorization: Bearer … It is told only here."`
}

// Location implements kit.Located.
func (t tokenMade) Location() string { return Base + "/staff/tokens/" + t.ID }

func scopesOf(set policy.Set) kit.List[string] {
	return kit.Each(set, func(p policy.Permission) string { return string(p) })
}

func tokenOf(t staff.Token) token {
	return token{t.ID, t.Name, t.Hint, scopesOf(t.Scopes), t.MadeBy, t.CreatedAt.UTC(), t.ExpiresAt.UTC(), t.UsedAt.UTC(), t.RevokedAt.UTC()}
}

// afterToken is the position of a token in the list.
type afterToken struct {
	ID string `json:"id"`
}

func (a *API) listTokens(ctx context.Context, in kit.PageIn) (page kit.Page[token], err error) {
	var after afterToken
	if _, err := in.After(&after); err != nil {
		return page, err
	}
	list, err := a.Staff.Tokens(ctx, a.DB, after.ID, in.Size()+1)
	if err != nil {
		return page, err
	}
	if len(list) > in.Size() {
		list = list[:in.Size()]
		page.Next = kit.NextCursor(afterToken{list[len(list)-1].ID})
	}
	page.Items = kit.Each(list, tokenOf)
	return page, nil
}
