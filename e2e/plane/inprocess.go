// The components as goroutines of one process.
//
// This goes below their cobra commands, because each command installs the signal handler that a process may install
// only once. What those commands set up for the process (feature gates, logging) is done here, once.
package main

import (
	"context"
	"sync"

	"github.com/spf13/pflag"
	utilerrors "k8s.io/apimachinery/pkg/util/errors"
	utilfeature "k8s.io/apiserver/pkg/util/feature"
	"k8s.io/client-go/rest"
	cliflag "k8s.io/component-base/cli/flag"
	"k8s.io/component-base/logs"
	logsapi "k8s.io/component-base/logs/api/v1"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	apioptions "k8s.io/kubernetes/cmd/kube-apiserver/app/options"
	kcm "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	kcmoptions "k8s.io/kubernetes/cmd/kube-controller-manager/app/options"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
	schedoptions "k8s.io/kubernetes/cmd/kube-scheduler/app/options"
)

func init() {
	inProcess["kube-apiserver"] = runAPIServer
	inProcess["kube-controller-manager"] = runControllerManager
	inProcess["kube-scheduler"] = runScheduler
}

var processSetUp sync.Once

// setUpProcess is called by whichever component comes first, after its flags were parsed.
func setUpProcess(setGates func() error, l *logs.Options) (err error) {
	processSetUp.Do(func() {
		rest.SetDefaultWarningHandler(rest.NoWarnings{})
		if err = setGates(); err == nil {
			err = logsapi.ValidateAndApply(l, utilfeature.DefaultFeatureGate)
		}
	})
	return err
}

func parse(name string, nfs cliflag.NamedFlagSets, args []string) error {
	fs := pflag.NewFlagSet(name, pflag.ContinueOnError)
	for _, f := range nfs.FlagSets {
		fs.AddFlagSet(f)
	}
	return fs.Parse(args)
}

func runAPIServer(ctx context.Context, args []string) error {
	o := apioptions.NewServerRunOptions()
	if err := parse("kube-apiserver", o.Flags(), args); err != nil {
		return err
	}
	if err := setUpProcess(o.GenericServerRunOptions.ComponentGlobalsRegistry.Set, o.Logs); err != nil {
		return err
	}
	c, err := o.Complete(ctx)
	if err != nil {
		return err
	}
	if errs := c.Validate(); len(errs) != 0 {
		return utilerrors.NewAggregate(errs)
	}
	return apiserver.Run(ctx, c)
}

func runControllerManager(ctx context.Context, args []string) error {
	o, err := kcmoptions.NewKubeControllerManagerOptions()
	if err != nil {
		return err
	}
	nfs := o.Flags(kcm.KnownControllers(), kcm.ControllersDisabledByDefault(), kcm.ControllerAliases())
	if err := parse("kube-controller-manager", nfs, args); err != nil {
		return err
	}
	o.ParsedFlags = &nfs
	if err := setUpProcess(o.ComponentGlobalsRegistry.Set, o.Logs); err != nil {
		return err
	}
	c, err := o.Config(ctx, kcm.KnownControllers(), kcm.ControllersDisabledByDefault(), kcm.ControllerAliases())
	if err != nil {
		return err
	}
	return kcm.Run(ctx, c.Complete())
}

func runScheduler(ctx context.Context, args []string) error {
	o := schedoptions.NewOptions()
	if err := parse("kube-scheduler", *o.Flags, args); err != nil {
		return err
	}
	if err := setUpProcess(o.ComponentGlobalsRegistry.Set, o.Logs); err != nil {
		return err
	}
	cc, s, err := scheduler.Setup(ctx, o)
	if err != nil {
		return err
	}
	return scheduler.Run(ctx, cc, s)
}
