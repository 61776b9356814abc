package sim

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/stoashop/stoa/kit/clock"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/platform/db"
)

// errCrash is what every step of a process answers that has died. What it had
// not committed is gone; nothing it does after it has an effect.
var errCrash = errors.New("sim: the process died")

// errLost stands for a connection that broke: the step may have happened.
var errLost = fault.New(fault.Unavailable, "database.unavailable").Because(errors.New("sim: connection lost"))

// actor is one coroutine: somebody who uses the shop, or one of its own
// workers. It moves only when the scheduler lets it, one step at a time.
type actor struct {
	name    string
	turn    chan error // the scheduler's answer to the step it waits at
	kind    db.StepKind
	what    string
	backend int64 // PostgreSQL's process of its transaction
	inTx    bool
	state   actorState
	placing bool // between asking for an order and the answer
	dead    bool
	woken   bool // its lock came free, and nobody has said so yet
}

type actorState string

const (
	ready   actorState = "ready"   // waits at a step
	moving  actorState = "moving"  // makes the step
	blocked actorState = "blocked" // waits for a lock another one holds
	done    actorState = "done"
)

type actorKey struct{}

func actorOf(ctx context.Context) *actor {
	a, _ := ctx.Value(actorKey{}).(*actor)
	return a
}

// kinds of steps beyond the database's.
const (
	called   db.StepKind = "call"   // the provider or the mail server is about to act
	answered db.StepKind = "answer" // it has acted, and nobody has been told
	wait     db.StepKind = "wait"   // between two actions
)

// scheduler lets one actor move at a time and decides, by its seed alone, who
// is next and what goes wrong. Where a lock makes an actor wait, that is a
// move like any other, so that equal seeds give equal traces.
type scheduler struct {
	rng     *rand.Rand
	clock   *clock.Fake
	engine  db.Engine
	locks   func(backends []int64) (waiting map[int64]bool, err error) // PostgreSQL only
	cancel  func(backend int64) error                                  // PostgreSQL only: ends the statement under way
	actors  []*actor
	arrived chan *actor
	trace   uint64
	verbose func(line string)

	faults  int           // how many may still happen
	chance  float64       // of a fault at a step, once two placements are open
	calm    bool          // no faults any more
	struck  int           // placements open at the first fault, -1 before it
	crashed bool          // the last Run ended with a crash
	drift   time.Duration // how far the clock moved
}

func newScheduler(seed uint64, c *clock.Fake) *scheduler {
	return &scheduler{rng: rand.New(rand.NewPCG(seed, 0x5eed)), clock: c, arrived: make(chan *actor), struck: -1}
}

// spawn adds an actor. It begins to move in Run.
func (s *scheduler) spawn(ctx context.Context, name string, fn func(ctx context.Context, a *actor)) {
	a := &actor{name: name, turn: make(chan error), state: ready, kind: wait, what: "start"}
	s.actors = append(s.actors, a)
	go func() {
		if <-a.turn == nil {
			fn(context.WithValue(ctx, actorKey{}, a), a)
		}
		a.kind = ""
		s.arrived <- a
	}()
}

// gate holds an actor at a step until it is its turn. Whoever is no actor
// passes: that is how a run is prepared and judged.
func (s *scheduler) gate(ctx context.Context, step db.Step) error {
	a := actorOf(ctx)
	if a == nil {
		return nil
	}
	a.kind, a.what = step.Kind, step.Query
	if step.Backend != 0 {
		a.backend = step.Backend
	}
	s.arrived <- a
	return <-a.turn
}

// pause is a step that is not the database's.
func (s *scheduler) pause(ctx context.Context, kind db.StepKind, what string) error {
	return s.gate(ctx, db.Step{Kind: kind, Query: what})
}

// Run moves the actors until all are done, or a crash has ended them.
func (s *scheduler) Run() error {
	s.crashed = false
	for {
		var can []*actor
		stuck := false
		writing := s.engine == db.SQLite && s.anyone(func(a *actor) bool { return a.inTx })
		for _, a := range s.actors {
			if a.state == blocked {
				stuck = true
			}
			if a.state == ready && (!writing || a.kind != db.Begin) {
				can = append(can, a)
			}
		}
		if len(can) == 0 {
			if !stuck {
				s.actors = nil
				return nil
			}
			if err := s.await(<-s.arrived); err != nil { // the engine ends a deadlock by itself
				return err
			}
			continue
		}
		if s.dies() {
			return s.crash()
		}
		s.tick()
		if err := s.move(can[s.rng.IntN(len(can))]); err != nil {
			return err
		}
	}
}

func (s *scheduler) anyone(is func(*actor) bool) bool {
	for _, a := range s.actors {
		if is(a) {
			return true
		}
	}
	return false
}

// move lets an actor make its step, or has it fail.
func (s *scheduler) move(a *actor) error {
	verdict := s.verdict(a)
	s.note(a, verdict)
	a.state = moving
	a.turn <- verdict
	return s.settle(a)
}

// verdict decides whether the step fails.
func (s *scheduler) verdict(a *actor) error {
	if !s.fails() {
		return nil
	}
	switch a.kind {
	case db.Read, db.Begin, db.Statement, db.Commit:
		s.strike()
		return errLost
	case db.Committed, called, answered:
		s.strike()
		return errLost
	}
	return nil
}

// open counts the placements under way.
func (s *scheduler) open() (n int) {
	for _, a := range s.actors {
		if a.placing && a.state != done {
			n++
		}
	}
	return n
}

func (s *scheduler) due() bool {
	if s.calm || s.faults == 0 {
		return false
	}
	chance := s.chance
	if s.open() < 2 {
		chance /= 20
	}
	return s.rng.Float64() < chance
}

func (s *scheduler) fails() bool { return s.due() }
func (s *scheduler) dies() bool  { return s.due() && s.rng.IntN(2) == 0 }

func (s *scheduler) strike() {
	s.faults--
	if s.struck < 0 {
		s.struck = s.open()
	}
}

// tick lets time pass, and now and then jumps.
func (s *scheduler) tick() {
	if s.calm {
		return
	}
	d := time.Duration(s.rng.IntN(400)) * time.Millisecond
	switch s.rng.IntN(300) {
	case 0:
		d = time.Duration(1+s.rng.IntN(20)) * time.Minute
	case 1:
		d = -time.Duration(1+s.rng.IntN(10)) * time.Minute
	case 2:
		d = 25 * time.Hour
	}
	s.drift += d
	s.clock.Advance(d)
}

// settle waits until the actor that moved, and everybody it may have woken, is
// at a step, done, or waits for a lock.
func (s *scheduler) settle(a *actor) error {
	for seen := 0; a.state == moving; {
		select {
		case x := <-s.arrived:
			if err := s.await(x); err != nil {
				return err
			}
		case <-s.poll(a):
			waiting, err := s.locks([]int64{a.backend})
			if err != nil {
				return err
			}
			if !waiting[a.backend] {
				seen = 0
			} else if seen++; seen == steady {
				if err := s.block(a); err != nil {
					return err
				}
			}
		}
	}
	if a.inTx && a.state != done {
		return nil // it holds what it held
	}
	return s.wake()
}

// block notes that an actor waits for a lock. Only one may: who of several gets
// a row that comes free is PostgreSQL's choice, not the seed's, so the second
// one's statement times out, as it would in a shop that is stuck.
func (s *scheduler) block(a *actor) error {
	if s.anyone(func(x *actor) bool { return x.state == blocked }) {
		s.note(a, errors.New("waits too long"))
		return s.cancel(a.backend)
	}
	a.state = blocked
	s.note(a, errors.New("waits"))
	return nil
}

// steady is how often in a row an actor must be seen to wait: PostgreSQL queues
// behind a row in two steps, and between them nothing is decided.
const steady = 2

// poll fires when it is time to look whether an actor waits for a lock. Only
// PostgreSQL has any.
func (s *scheduler) poll(a *actor) <-chan time.Time {
	if s.locks == nil || a.backend == 0 || !a.inTx {
		return nil
	}
	return time.After(2 * time.Millisecond)
}

// wake waits for those whose lock has come free. They come in any order and
// are told of in the actors', so that the trace is the same every time.
func (s *scheduler) wake() error {
	err := s.waken()
	for _, a := range s.actors {
		if a.woken {
			a.woken = false
			s.note(a, errors.New("goes on"))
		}
	}
	return err
}

func (s *scheduler) waken() error {
	for seen := 0; seen < steady; {
		var backends []int64
		for _, a := range s.actors {
			if a.state == blocked {
				backends = append(backends, a.backend)
			}
		}
		if len(backends) == 0 {
			return nil
		}
		waiting, err := s.locks(backends)
		if err != nil {
			return err
		}
		free := 0
		for _, a := range s.actors {
			if a.state == blocked && !waiting[a.backend] {
				free++
			}
		}
		seen++
		if free > 0 {
			seen = 0
		}
		select {
		case x := <-s.arrived:
			if err := s.await(x); err != nil {
				return err
			}
		case <-time.After(2 * time.Millisecond): // it may wait again by now
		}
	}
	return nil
}

// await notes that an actor has come to its next step.
func (s *scheduler) await(a *actor) error {
	was := a.state
	switch a.kind {
	case "":
		a.state, a.inTx = done, false
	case db.Statement, db.Commit:
		a.state, a.inTx = ready, true
	default:
		a.state, a.inTx = ready, false
	}
	if a.kind == db.Begin {
		a.backend = 0
	}
	a.woken = was == blocked
	return nil
}

// crash ends the process: every step anybody still wants to make fails.
func (s *scheduler) crash() error {
	s.strike()
	s.crashed = true
	s.say("crash")
	for _, a := range s.actors {
		a.dead = true
	}
	for {
		var next *actor
		waiting := false
		for _, a := range s.actors {
			switch a.state {
			case ready:
				if next == nil {
					next = a
				}
			case blocked:
				waiting = true
			}
		}
		switch {
		case next != nil:
			next.state = moving
			next.turn <- errCrash
			for next.state == moving {
				if err := s.await(<-s.arrived); err != nil {
					return err
				}
			}
		case waiting:
			if err := s.await(<-s.arrived); err != nil {
				return err
			}
		default:
			s.actors = nil
			return nil
		}
	}
}

func (s *scheduler) note(a *actor, verdict error) {
	line := a.name + " " + string(a.kind) + " " + abbreviate(a.what)
	if verdict != nil {
		line += " ! " + verdict.Error()
	}
	s.say(line)
}

func (s *scheduler) say(line string) {
	h := fnv.New64a()
	fmt.Fprintf(h, "%d%s", s.trace, line)
	s.trace = h.Sum64()
	if s.verbose != nil {
		s.verbose(s.clock.Now().Format("02 15:04:05.000 ") + line)
	}
}

func abbreviate(query string) string {
	query = strings.Join(strings.Fields(query), " ")
	if len(query) > 90 {
		query = query[:90]
	}
	return query
}
