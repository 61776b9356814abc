package kit

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"strconv"
	"strings"

	"github.com/stoashop/stoa/guard/policy"
	"github.com/stoashop/stoa/platform/web"
)

// described is an operation without its types' parameters.
type described struct {
	name, method, path, summary, description, tag string
	who                                           policy.Who
	permission                                    policy.Permission
	owner                                         policy.Owner
	status                                        int
	once                                          bool
	tagged                                        bool // answers with an ETag
	shared                                        bool // is asked for with If-None-Match
	match                                         bool // may carry If-Match
	files                                         bool // takes a multipart form
	in, out                                       reflect.Type
}

// document is the OpenAPI document while it grows.
type document struct {
	o       Options
	schemas schemas
	paths   map[string]object
}

func newDocument(o Options) *document {
	d := &document{o: o, schemas: schemas{object{}, map[string]reflect.Type{}}, paths: map[string]object{}}
	d.schemas.out(reflect.TypeFor[problem]())
	d.schemas.out(reflect.TypeFor[Money]())
	return d
}

// problem documents web.Problem, the body of every fault.
type problem struct {
	Type     string              `json:"type" doc:"Address that names the reason."`
	Title    string              `json:"title" doc:"The kind of fault in one sentence, in the language asked for."`
	Status   int                 `json:"status"`
	Detail   string              `json:"detail,omitempty" doc:"The reason in one sentence."`
	Instance string              `json:"instance,omitempty" doc:"Request id; quote it when you ask for help."`
	Reason   string              `json:"reason" doc:"Stable name of the fault, such as cart.price_changed."`
	Params   map[string]anything `json:"params,omitempty" doc:"Values that the sentence mentions."`
	Errors   List[fieldProblem]  `json:"errors,omitempty" doc:"One entry for each bad input."`
}

type fieldProblem struct {
	Field  string              `json:"field" doc:"Path of the input: lines.2.quantity."`
	Reason string              `json:"reason"`
	Detail string              `json:"detail"`
	Params map[string]anything `json:"params,omitempty"`
}

type anything = json.RawMessage

// faults are the statuses that a kind of operation may answer with.
func (op described) faults() []int {
	list := []int{http.StatusBadRequest, http.StatusNotFound, http.StatusGone, http.StatusUnprocessableEntity, http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusServiceUnavailable}
	if op.who != policy.Public {
		list = append(list, http.StatusUnauthorized) // also for guests who send a token that is none
	}
	if op.who != policy.Public && op.who != policy.Guest {
		list = append(list, http.StatusForbidden)
	}
	if op.method != http.MethodGet {
		list = append(list, http.StatusConflict, http.StatusRequestEntityTooLarge)
	}
	if op.match {
		list = append(list, http.StatusPreconditionFailed)
	}
	return list
}

func (d *document) add(op described) {
	responses := object{}
	success := object{"description": "Done."}
	if op.status != http.StatusNoContent {
		success["content"] = object{"application/json": object{"schema": d.schemas.out(op.out)}}
	}
	headers := object{
		"RateLimit":        object{"$ref": "#/components/headers/RateLimit"},
		"RateLimit-Policy": object{"$ref": "#/components/headers/RateLimitPolicy"},
	}
	if op.once {
		headers["Idempotency-Replayed"] = object{
			"description": "true when this is the answer to an earlier request with the same key.",
			"schema":      object{"type": "string", "enum": []string{"true"}},
		}
	}
	switch {
	case op.tagged:
		headers["ETag"] = object{"description": "The version, for If-Match.", "schema": object{"type": "string"}}
	case op.shared:
		headers["ETag"] = object{"description": "Names the answer, for If-None-Match.", "schema": object{"type": "string"}}
		responses[strconv.Itoa(http.StatusNotModified)] = object{"description": "It is still as If-None-Match says."}
	}
	success["headers"] = headers
	responses[strconv.Itoa(op.status)] = success
	for _, status := range op.faults() {
		responses[strconv.Itoa(status)] = object{"$ref": "#/components/responses/Problem"}
	}

	parameters := []any{}
	places := []string{"path", "query"}
	if op.files {
		places = nil // a form holds everything
	}
	for _, place := range places {
		for _, f := range web.Describe(op.in, place) {
			parameters = append(parameters, d.parameter(op.in, f, place))
		}
	}
	if op.once {
		parameters = append(parameters, object{"$ref": "#/components/parameters/IdempotencyKey"})
	}
	if op.match {
		parameters = append(parameters, object{"$ref": "#/components/parameters/IfMatch"})
	}
	if op.shared {
		parameters = append(parameters, object{"$ref": "#/components/parameters/IfNoneMatch"})
	}
	if op.owner == policy.OwnCart {
		parameters = append(parameters, object{"$ref": "#/components/parameters/CartToken"})
	}
	operation := object{
		"operationId": op.name,
		"summary":     op.summary,
		"responses":   responses,
		"security":    security(op.who),
	}
	if op.tag != "" {
		operation["tags"] = []string{op.tag}
	}
	if op.description != "" {
		operation["description"] = op.description
	}
	if op.permission != "" {
		operation["x-permission"] = op.permission
	}
	if len(parameters) > 0 {
		operation["parameters"] = parameters
	}
	if op.files {
		operation["requestBody"] = object{
			"required": true,
			"content":  object{"multipart/form-data": object{"schema": d.schemas.inStruct(op.in, web.Describe(op.in, "form"))}},
		}
	} else if fields := web.Describe(op.in, "json"); len(fields) > 0 {
		operation["requestBody"] = object{
			"required": true,
			"content":  object{"application/json": object{"schema": d.schemas.inStruct(op.in, fields)}},
		}
	}
	path := strings.ReplaceAll(op.path, "...}", "}")
	if d.paths[path] == nil {
		d.paths[path] = object{}
	}
	d.paths[path][strings.ToLower(op.method)] = operation
}

func (d *document) parameter(owner reflect.Type, f web.Input, place string) object {
	if f.Kind == "map" || f.Kind == "object" {
		panic(fmt.Sprintf("api: %s: %s cannot be a parameter; use a list of texts", owner, f.Name))
	}
	tag := tagOf(owner, f.Name)
	schema := d.schemas.in(owner, f)
	p := object{"name": f.Name, "in": place, "required": place == "path" || f.Required, "schema": schema}
	if doc := tag.Get("doc"); doc != "" {
		p["description"] = doc
	}
	return p
}

// security says which credentials an operation takes; an empty requirement
// means that none are needed.
func security(who policy.Who) []any {
	switch who {
	case policy.Public:
		return []any{}
	case policy.Guest:
		return []any{object{}, object{"bearer": []string{}}}
	}
	return []any{object{"bearer": []string{}}}
}

// Document returns the OpenAPI 3.1 document of all operations added so far.
func (a *API) Document() ([]byte, error) {
	problem := object{"$ref": "#/components/schemas/Problem"}
	doc := object{
		"openapi": "3.1.0",
		"info":    object{"title": a.o.Title, "version": a.o.Version},
		"servers": []any{object{"url": a.o.Server}},
		"paths":   a.doc.paths,
		"components": object{
			"schemas": a.doc.schemas.named,
			"responses": object{"Problem": object{
				"description": "A fault (RFC 9457).",
				"headers":     object{"Retry-After": object{"$ref": "#/components/headers/RetryAfter"}},
				"content":     object{"application/problem+json": object{"schema": problem}},
			}},
			"headers": object{"RateLimit": object{
				"description": "How many requests may follow at once (r), and in how many seconds all of them may again (t).",
				"schema":      object{"type": "string"},
			}, "RateLimitPolicy": object{
				"description": "How many requests may be made at once (q), and in how many seconds as many more may be (w).",
				"schema":      object{"type": "string"},
			}, "RetryAfter": object{
				"description": "Seconds to wait before the next try, of 429, 503 and a repeat under way.",
				"schema":      object{"type": "integer"},
			}},
			"parameters": object{"IfMatch": object{
				"name": "If-Match", "in": "header", "required": false,
				"description": "The ETag that was read. It stands for version in the body, where that may be left out, and must agree with it: a thing that somebody changed meanwhile is refused with 412.",
				"schema":      object{"type": "string", "maxLength": 30},
			}, "IfNoneMatch": object{
				"name": "If-None-Match", "in": "header", "required": false,
				"description": "The ETag that was read: an answer that has not changed is 304, without a body.",
				"schema":      object{"type": "string", "maxLength": 100},
			}, "CartToken": object{
				"name": CartToken, "in": "header", "required": false,
				"description": "The secret of a guest's cart, given once by the first thing that is put into it. Not needed by signed-in customers: their cart belongs to the account.",
				"schema":      object{"type": "string", "maxLength": 100},
			}, "IdempotencyKey": object{
				"name": "Idempotency-Key", "in": "header", "required": true,
				"description": "A fresh random text for each thing you want done. A repeat with the same key and body gets the first answer; another body is refused with 422, a repeat while the first is under way with 409. Kept for at least 24 hours.",
				"schema":      object{"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
			}},
			"securitySchemes": object{"bearer": object{
				"type": "http", "scheme": "bearer",
				"description": "The token of a session of staff or of a customer, or the key of a program (stoa_…).",
			}},
		},
	}
	raw, err := marshal(doc)
	if err != nil {
		return nil, fmt.Errorf("write the OpenAPI document: %w", err)
	}
	return raw, nil
}
