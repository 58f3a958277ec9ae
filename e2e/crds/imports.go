//go:build imports

package crds

// Nothing here is compiled: controller-gen reads the sources, and of argo-rollouts the finished CRD is taken. The imports keep the
// modules in go.mod.
import (
	_ "github.com/argoproj/argo-rollouts/pkg/apis/rollouts/v1alpha1"
	_ "github.com/cert-manager/cert-manager/pkg/apis/certmanager/v1"
	_ "github.com/fluxcd/helm-controller/api/v2"
	_ "github.com/fluxcd/kustomize-controller/api/v1"
	_ "github.com/kubernetes-csi/external-snapshotter/client/v8/apis/volumesnapshot/v1"
	_ "sigs.k8s.io/cluster-api/api/core/v1beta2"
)
