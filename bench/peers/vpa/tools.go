//go:build tools

// Package vpa pins the version of the Vertical Pod Autoscaler that the benchmark runs beside Trimtab. Nothing here is
// compiled: the import keeps the module in go.mod, and build.sh builds the recommender from it unchanged.
package vpa

import _ "k8s.io/autoscaler/vertical-pod-autoscaler/pkg/recommender"
