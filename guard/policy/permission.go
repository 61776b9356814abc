package policy

import "slices"

// Permission is one function of the back office. Routes name the one they
// need; roles and tokens are sets of them.
type Permission string

// The permissions. A function that changes something has one of its own or
// "write"; looking has "read".
const (
	// Self is what every member of staff may do: sign out, see and change the
	// own profile.
	Self Permission = "self"

	CatalogRead  Permission = "catalog.read"
	CatalogWrite Permission = "catalog.write"
	ContentRead  Permission = "content.read"
	ContentWrite Permission = "content.write"
	StockRead    Permission = "stock.read"
	StockWrite   Permission = "stock.write"

	OrderRead   Permission = "order.read"
	OrderWrite  Permission = "order.write" // notes, addresses, lines
	OrderShip   Permission = "order.ship"
	OrderCancel Permission = "order.cancel"
	OrderRefund Permission = "order.refund"

	CustomerRead  Permission = "customer.read"
	CustomerWrite Permission = "customer.write"
	PrivacyWrite  Permission = "privacy.write" // export and erase a person's data

	MailRead      Permission = "mail.read"
	ReportRead    Permission = "report.read"
	TransferRead  Permission = "transfer.read"  // exports
	TransferWrite Permission = "transfer.write" // imports

	SettingsRead  Permission = "settings.read"
	SettingsWrite Permission = "settings.write"
	StaffRead     Permission = "staff.read"
	StaffWrite    Permission = "staff.write"
	TokenWrite    Permission = "token.write" // make and revoke API tokens
	AuditRead     Permission = "audit.read"
)

// Permissions lists all of them in a fixed order.
func Permissions() Set {
	return Set{
		Self, CatalogRead, CatalogWrite, ContentRead, ContentWrite, StockRead, StockWrite,
		OrderRead, OrderWrite, OrderShip, OrderCancel, OrderRefund,
		CustomerRead, CustomerWrite, PrivacyWrite, MailRead, ReportRead, TransferRead, TransferWrite,
		SettingsRead, SettingsWrite, StaffRead, StaffWrite, TokenWrite, AuditRead,
	}
}

// Set is some permissions; nil is none.
type Set []Permission

// Has reports whether p is in s.
func (s Set) Has(p Permission) bool { return slices.Contains(s, p) }

// Role is a named set of permissions that a member of staff is given.
type Role string

// The built-in roles.
const (
	RoleOwner      Role = "owner"      // everything
	RoleManager    Role = "manager"    // everything but staff, tokens and erasing people
	RoleFulfilment Role = "fulfilment" // orders out of the door, stock
	RoleSupport    Role = "support"    // customers and their orders, refunds included
	RoleReadOnly   Role = "read_only"  // looks at the trade, changes nothing
)

// Roles lists the built-in roles, the mightiest first.
func Roles() []Role { return []Role{RoleOwner, RoleManager, RoleFulfilment, RoleSupport, RoleReadOnly} }

// Permissions returns what a role may do; an unknown role may do nothing.
func (r Role) Permissions() Set {
	switch r {
	case RoleOwner:
		return Permissions()
	case RoleManager:
		return slices.DeleteFunc(Permissions(), func(p Permission) bool {
			return p == StaffWrite || p == TokenWrite || p == PrivacyWrite
		})
	case RoleFulfilment:
		return Set{Self, CatalogRead, StockRead, StockWrite, OrderRead, OrderShip}
	case RoleSupport:
		return Set{
			Self, CatalogRead, ContentRead, StockRead,
			OrderRead, OrderWrite, OrderCancel, OrderRefund, CustomerRead, CustomerWrite, MailRead,
		}
	case RoleReadOnly:
		return Set{Self, CatalogRead, ContentRead, StockRead, OrderRead, CustomerRead, ReportRead, SettingsRead}
	}
	return nil
}

// Valid reports whether r is a built-in role.
func (r Role) Valid() bool { return slices.Contains(Roles(), r) }
