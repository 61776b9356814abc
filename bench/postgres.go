package main

import (
	"context"
	"net/url"
	"strings"

	"github.com/jackc/pgx/v5"
)

// makeDatabase makes an empty database beside the one that address names.
func makeDatabase(ctx context.Context, address, name string) (string, error) {
	conn, err := pgx.Connect(ctx, address)
	if err != nil {
		return "", err
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, `CREATE DATABASE `+name+` TEMPLATE template0`); err != nil {
		return "", err
	}
	return named(address, name)
}

func named(address, name string) (string, error) {
	u, err := url.Parse(address)
	if err != nil {
		return "", err
	}
	u.Path = "/" + name
	return u.String(), nil
}

// copyPostgres copies a database; its connections are ended for the moment,
// and come back by themselves.
func copyPostgres(ctx context.Context, address string) (string, func(), error) {
	u, err := url.Parse(address)
	if err != nil {
		return "", nil, err
	}
	name := strings.TrimPrefix(u.Path, "/")
	admin, err := named(address, "postgres")
	if err != nil {
		return "", nil, err
	}
	conn, err := pgx.Connect(ctx, admin)
	if err != nil {
		return "", nil, err
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1`, name); err != nil {
		return "", nil, err
	}
	copied := name + "_copy"
	if _, err := conn.Exec(ctx, `CREATE DATABASE `+copied+` TEMPLATE `+name); err != nil {
		return "", nil, err
	}
	to, err := named(address, copied)
	return to, func() {}, err
}
