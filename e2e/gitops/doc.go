// Package gitops runs Argo CD's and Flux's own code over Trimtab's objects: what they say of the health of each, and whether
// they find a difference between Git and the cluster.
package gitops
