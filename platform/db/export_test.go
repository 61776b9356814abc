package db

// Unnamed is how statements with many parameters are written for SQLite.
var Unnamed = unnamed
