// Package crds keeps the versions of other projects whose CRDs ../crds.sh writes, and says what must be among them (crds_test.go).
package crds
