package api

import (
	"context"
	"net/http"

	"github.com/stoashop/stoa/api/kit"
	"github.com/stoashop/stoa/guard/policy"
	"github.com/stoashop/stoa/platform/web"
)

// desk is who operations of the back office are for.
const desk = policy.Staff | policy.Token

// staffSessions are how staff come in and go.
func (a *API) staffSessions(k *kit.API) {
	const tag = "staff"
	// Without a key: a second sign-in is a second session and does no harm,
	// while an answer from memory would let passwords be tried against it
	// past the throttle.
	kit.Add(k, kit.Operation[signInIn, staffSession]{
		Name: "staff.sessions.create", Method: http.MethodPost, Path: "/staff/sessions", Tag: tag, Who: policy.Public, Status: http.StatusCreated, Cache: "no-store", Body: 4 << 10,
		Summary:     "Sign in as a member of staff.",
		Description: "Send the token as `Authorization: Bearer …` from then on.",
		Handler: func(ctx context.Context, in signInIn) (staffSession, error) {
			token, err := a.Staff.SignIn(ctx, in.Email, in.Password, web.ClientIP(ctx))
			if err != nil {
				return staffSession{}, err
			}
			me, _, err := a.Staff.Identify(ctx, token)
			out := staffOf(me)
			out.Token = token
			return out, err
		},
	})
	kit.Add(k, kit.Operation[none, staffSession]{
		Name: "staff.session.get", Method: http.MethodGet, Path: "/staff/session", Tag: tag, Who: policy.Staff, Permission: policy.Self,
		Summary: "Get who is signed in, and what they may do.",
		Handler: func(ctx context.Context, _ none) (staffSession, error) { return staffOf(policy.Of(ctx)), nil },
	})
	kit.Add(k, kit.Operation[none, none]{
		Name: "staff.session.end", Method: http.MethodDelete, Path: "/staff/session", Tag: tag, Who: policy.Staff, Permission: policy.Self,
		Summary: "Sign out.",
		Handler: func(ctx context.Context, _ none) (none, error) {
			return none{}, a.Staff.SignOut(ctx, policy.Of(ctx).Session)
		},
	})
}

type signInIn struct {
	Email    string `json:"email" required:"true" max:"254"`
	Password string `json:"password" required:"true" raw:"true" max:"200"`
}

type staffSession struct {
	Token       string           `json:"token,omitempty" doc:"Only when signing in; a secret."`
	ID          string           `json:"id"`
	Name        string           `json:"name"`
	Role        string           `json:"role"`
	Permissions kit.List[string] `json:"permissions"`
}

func staffOf(me policy.Identity) staffSession {
	return staffSession{
		ID: me.ID, Name: me.Name, Role: string(me.Role),
		Permissions: kit.Each(me.Permissions, func(p policy.Permission) string { return string(p) }),
	}
}
