// What a test bed has around a control plane: kubelet, kubectl, kwok, metrics-server, and the writer of Prometheus blocks.
//
// A control plane of another Kubernetes version (../versions.sh) is built without this file and without inprocess.go: both
// use packages whose functions change from release to release.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	genericapiserver "k8s.io/apiserver/pkg/server"
	"k8s.io/component-base/cli"
	kubectl "k8s.io/kubectl/pkg/cmd"
	kubectlutil "k8s.io/kubectl/pkg/cmd/util"
	kubelet "k8s.io/kubernetes/cmd/kubelet/app"
	kwokconfig "sigs.k8s.io/kwok/pkg/config"
	kwok "sigs.k8s.io/kwok/pkg/kwok/cmd"
	kwoklog "sigs.k8s.io/kwok/pkg/log"
	metricsserver "sigs.k8s.io/metrics-server/cmd/metrics-server/app"

	"trimtab.dev/e2e/plane/backfill"
)

func init() {
	components["kubelet"] = func() *cobra.Command { return kubelet.NewKubeletCommand(context.Background()) }
	components["metrics-server"] = func() *cobra.Command {
		return metricsserver.NewMetricsServerCommand(genericapiserver.SetupSignalHandler())
	}
	components["kwok"] = kwokCommand
	commands["backfill"] = backfill.Main
	commands["kubectl"] = func([]string) error {
		if err := cli.RunNoErrOutput(kubectl.NewDefaultKubectlCommand()); err != nil {
			kubectlutil.CheckErr(err) // prints, and exits with kubectl's own code
		}
		return nil
	}
}

// kwokCommand clears the global flags first: cobra gives every command the global ones, and Kubernetes' --version
// there is of another type than kwok's, which then panics.
func kwokCommand() *cobra.Command {
	pflag.CommandLine = pflag.NewFlagSet("kwok", pflag.ExitOnError)
	fs := pflag.NewFlagSet("global", pflag.ContinueOnError)
	fs.ParseErrorsAllowlist.UnknownFlags = true
	fs.Usage = func() {}
	ctx, _ := kwoklog.InitFlags(genericapiserver.SetupSignalContext(), fs)
	ctx, err := kwokconfig.InitFlags(ctx, fs)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	c := kwok.NewCommand(ctx)
	c.PersistentFlags().AddFlagSet(fs)
	c.SetContext(ctx)
	return c
}
