package ode

var lowStorageNames []string
