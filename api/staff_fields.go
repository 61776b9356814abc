package api

import (
	"context"
	"net/http"
	"time"

	"github.com/stoashop/stoa/api/kit"
	"github.com/stoashop/stoa/commerce/catalog"
	"github.com/stoashop/stoa/commerce/custom"
	"github.com/stoashop/stoa/commerce/customer"
	"github.com/stoashop/stoa/guard/policy"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/id"
	"github.com/stoashop/stoa/kit/locale"
	"github.com/stoashop/stoa/platform/db"
)

const aboutFields = "Fields that are not sent are emptied. Send the version you have read, in the body or as `If-Match`."

// fieldsBody is what a merchant's own fields are to hold.
type fieldsBody struct {
	Version int64        `json:"version" min:"0" doc:"As it was read."`
	Fields  []fieldValue `json:"fields" items:"500"`
}

// values reads values of an owner's fields.
func (a *API) values(ctx context.Context, owner custom.Owner, list []fieldValue) (custom.Values, error) {
	defs, err := a.Fields.For(ctx, owner)
	if err != nil {
		return nil, err
	}
	var form fault.Form
	values := readFields(&form, "fields", defs, list)
	return values, form.Err()
}

// staffCategories are the operations on the tree of goods as staff keep it.
func (a *API) staffCategories(k *kit.API) {
	const tag = "staff: categories"
	kit.Add(k, kit.Operation[none, staffCategoryList]{
		Name: "staff.categories.list", Method: http.MethodGet, Path: "/staff/categories", Tag: tag, Who: desk, Permission: policy.CatalogRead,
		Summary: "List every category, hidden ones too, each after the one above it.",
		Handler: func(ctx context.Context, _ none) (staffCategoryList, error) {
			tree, err := a.Catalog.Tree(ctx)
			if err != nil {
				return staffCategoryList{}, err
			}
			return staffCategoryList{kit.Each(tree.All(), func(n *catalog.Node) staffCategory { return categoryOf(n.Category) })}, nil
		},
	})
	kit.Add(k, kit.Operation[categoryID, staffCategory]{
		Name: "staff.categories.get", Method: http.MethodGet, Path: "/staff/categories/{id}", Tag: tag, Who: desk, Permission: policy.CatalogRead,
		Summary: "Get a category.",
		Handler: func(ctx context.Context, in categoryID) (staffCategory, error) {
			c, err := a.category(ctx, in.ID)
			return categoryOf(c), err
		},
	})
	kit.Add(k, kit.Operation[categoryFieldsIn, staffCategory]{
		Name: "staff.categories.fields", Method: http.MethodPut, Path: "/staff/categories/{id}/fields", Tag: tag, Who: desk, Permission: policy.CatalogWrite,
		Summary: "Rewrite the merchant's own fields of a category.", Description: aboutFields,
		Tx: func(ctx context.Context, tx *db.Tx, in categoryFieldsIn) (staffCategory, error) {
			c, err := a.category(ctx, in.ID)
			if err != nil {
				return staffCategory{}, err
			}
			// What else it is was read before the lock: the version, which
			// must be that of the category as it is now, vouches for it.
			if c.Version != in.Version {
				return staffCategory{}, fault.New(fault.Conflict, "catalog.version_conflict").With("version", in.Version).With("current", c.Version)
			}
			if c.Fields, err = a.values(ctx, custom.Category, in.Fields); err != nil {
				return staffCategory{}, err
			}
			c, err = a.Catalog.SaveCategory(ctx, tx, actor(ctx), c)
			return categoryOf(c), err
		},
	})
}

type categoryID struct {
	ID string `path:"id" max:"40"`
}

type categoryFieldsIn struct {
	categoryID
	fieldsBody
}

type staffCategoryList struct {
	Items kit.List[staffCategory] `json:"items"`
}

// staffCategory is a category as staff keep it.
type staffCategory struct {
	ID             string               `json:"id"`
	Version        int64                `json:"version"`
	Parent         string               `json:"parent" doc:"Id of the category above; empty at the top."`
	Hidden         bool                 `json:"hidden" doc:"Neither it nor what lies below it is shown."`
	Name           locale.Text          `json:"name"`
	Description    locale.Text          `json:"description"`
	SEOTitle       locale.Text          `json:"seo_title"`
	SEODescription locale.Text          `json:"seo_description"`
	Slugs          locale.Text          `json:"slugs"`
	Media          string               `json:"media" doc:"Id of its picture, or empty."`
	Fields         kit.List[fieldValue] `json:"fields" doc:"The merchant's own."`
}

// Edition implements kit.Versioned.
func (c staffCategory) Edition() int64 { return c.Version }

func categoryOf(c catalog.Category) staffCategory {
	return staffCategory{
		ID: c.ID, Version: c.Version, Parent: c.ParentID, Hidden: c.Hidden, Name: texts(c.Name), Description: texts(c.Description),
		SEOTitle: texts(c.SEOTitle), SEODescription: texts(c.SEODescription), Slugs: texts(c.Slugs), Media: c.MediaID, Fields: fieldValues(c.Fields),
	}
}

func (a *API) category(ctx context.Context, name string) (catalog.Category, error) {
	tree, err := a.Catalog.Tree(ctx)
	if err != nil {
		return catalog.Category{}, err
	}
	n := tree.Find(name)
	if n == nil {
		return catalog.Category{}, fault.New(fault.NotFound, "catalog.category_not_found")
	}
	return n.Category, nil
}

// staffCustomers are the operations on shoppers with an account, for staff.
func (a *API) staffCustomers(k *kit.API) {
	const tag = "staff: customers"
	kit.Add(k, kit.Operation[customersIn, kit.Page[staffCustomer]]{
		Name: "staff.customers.list", Method: http.MethodGet, Path: "/staff/customers", Tag: tag, Who: desk, Permission: policy.CustomerRead,
		Summary: "List customers, newest first.",
		Handler: a.listCustomers,
	})
	kit.Add(k, kit.Operation[customerID, staffCustomer]{
		Name: "staff.customers.get", Method: http.MethodGet, Path: "/staff/customers/{id}", Tag: tag, Who: desk, Permission: policy.CustomerRead,
		Summary: "Get a customer.",
		Handler: func(ctx context.Context, in customerID) (staffCustomer, error) { return a.customer(ctx, in.ID) },
	})
	kit.Add(k, kit.Operation[customerFieldsIn, staffCustomer]{
		Name: "staff.customers.fields", Method: http.MethodPut, Path: "/staff/customers/{id}/fields", Tag: tag, Who: desk, Permission: policy.CustomerWrite,
		Summary: "Rewrite the merchant's own fields of a customer.", Description: aboutFields,
		Handler: func(ctx context.Context, in customerFieldsIn) (staffCustomer, error) {
			if _, err := a.customer(ctx, in.ID); err != nil {
				return staffCustomer{}, err
			}
			values, err := a.values(ctx, custom.Customer, in.Fields)
			if err != nil {
				return staffCustomer{}, err
			}
			if err := a.Accounts.SetFields(ctx, actor(ctx), in.ID, values, in.Version); err != nil {
				return staffCustomer{}, err
			}
			return a.customer(ctx, in.ID)
		},
	})
}

type customersIn struct {
	kit.PageIn
	Email string `query:"email" max:"254" doc:"A whole address."`
}

type customerID struct {
	ID string `path:"id" max:"40"`
}

type customerFieldsIn struct {
	customerID
	fieldsBody
}

// staffCustomer is a shopper with an account, as staff see them.
type staffCustomer struct {
	ID        string               `json:"id"`
	Version   int64                `json:"version"`
	Email     string               `json:"email"`
	Name      string               `json:"name"`
	Phone     string               `json:"phone"`
	Language  string               `json:"language" doc:"Of letters."`
	Verified  bool                 `json:"verified" doc:"Whether the address is known to be theirs."`
	Erased    bool                 `json:"erased" doc:"Whether what was known of the person is gone."`
	Fields    kit.List[fieldValue] `json:"fields" doc:"The merchant's own."`
	CreatedAt time.Time            `json:"created_at"`
	UpdatedAt time.Time            `json:"updated_at"`
}

// Edition implements kit.Versioned.
func (c staffCustomer) Edition() int64 { return c.Version }

func customerOf(c customer.Customer, fields custom.Definitions) staffCustomer {
	return staffCustomer{c.ID, c.Version, c.Email, c.Name, c.Phone, c.Locale, c.Verified(), c.Erased, fieldValues(fields.Known(c.Fields)), c.CreatedAt.UTC(), c.UpdatedAt.UTC()}
}

func (a *API) customer(ctx context.Context, name string) (staffCustomer, error) {
	if !id.Valid("cus", name) {
		return staffCustomer{}, customer.NotFound()
	}
	c, err := a.Accounts.Get(ctx, a.DB, name)
	if err != nil {
		return staffCustomer{}, err
	}
	fields, err := a.Fields.For(ctx, custom.Customer)
	return customerOf(c, fields), err
}

// customerMark is where a page of customers ended.
type customerMark struct {
	At int64
	ID string
}

func (a *API) listCustomers(ctx context.Context, in customersIn) (page kit.Page[staffCustomer], err error) {
	var mark customerMark
	more, err := in.After(&mark)
	if err != nil {
		return page, err
	}
	f := customer.Filter{Email: in.Email, Limit: in.Size() + 1}
	if more {
		f.After, f.AfterID = time.UnixMilli(mark.At), mark.ID
	}
	found, err := a.Accounts.List(ctx, a.DB, f)
	if err != nil {
		return page, err
	}
	if len(found) > in.Size() {
		found = found[:in.Size()]
		last := found[len(found)-1]
		page.Next = kit.NextCursor(customerMark{last.CreatedAt.UnixMilli(), last.ID})
	}
	fields, err := a.Fields.For(ctx, custom.Customer)
	page.Items = kit.Each(found, func(c customer.Customer) staffCustomer { return customerOf(c, fields) })
	return page, err
}
