package db

// dialect is everything in which the two engines differ for the code above
// this package.
type dialect interface {
	forUpdate() string
	skipLocked() string
	// explain turns the driver's errors into *Violation or faults.
	explain(error) error
}

// Violation is a broken constraint. Inside a transaction use ON CONFLICT
// rather than catching one: on PostgreSQL the transaction is dead by then.
type Violation struct {
	Unique bool   // a UNIQUE or PRIMARY KEY constraint
	Detail string // the constraint's name (PostgreSQL) or its columns (SQLite)
	Cause  error
}

func (v *Violation) Error() string { return "database constraint broken: " + v.Detail }
func (v *Violation) Unwrap() error { return v.Cause }
