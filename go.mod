module github.com/mtkc/mtkc

go 1.26
