module trimtab.dev/e2e/node/burn

go 1.26.4
