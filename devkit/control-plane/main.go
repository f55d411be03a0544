// Command control-plane is a Kubernetes control plane in one binary: the first
// argument names the component to be, the rest are that component's own flags.
// It is a development tool, built from source so that tests and the demo run
// against the real API server, controllers and kubectl without containers.
package main

import (
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"
	"k8s.io/component-base/cli"
	kubectl "k8s.io/kubectl/pkg/cmd"
	kubectlutil "k8s.io/kubectl/pkg/cmd/util"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllermanager "k8s.io/kubernetes/cmd/kube-controller-manager/app"

	// kubectl and the controller manager authenticate through client-go's plugins.
	_ "k8s.io/client-go/plugin/pkg/client/auth"
	_ "k8s.io/component-base/logs/json/register"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
)

const usage = "usage: control-plane etcd|kube-apiserver|kube-controller-manager|kubectl [flags]"

// leaseVariable makes a component live only as long as the process that started it:
// that process holds the other end of standard input, which closes however it dies.
const leaseVariable = "CONTROL_PLANE_STDIN_LEASE"

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, usage)
		os.Exit(2)
	}
	component := os.Args[1]
	os.Args = append([]string{component}, os.Args[2:]...)
	if component != "kubectl" && os.Getenv(leaseVariable) == "1" {
		go exitWithParent(component)
	}
	switch component {
	case "etcd":
		os.Exit(runEtcd(os.Args[1:]))
	case "kube-apiserver":
		os.Exit(cli.Run(apiserver.NewAPIServerCommand()))
	case "kube-controller-manager":
		os.Exit(cli.Run(controllermanager.NewControllerManagerCommand()))
	case "kubectl":
		os.Exit(runKubectl(kubectl.NewDefaultKubectlCommand()))
	default:
		fmt.Fprintln(os.Stderr, usage)
		os.Exit(2)
	}
}

// exitWithParent ends the process when standard input is closed. Nothing is shut down
// in order: whoever held the lease is gone, and so is the use of the data.
func exitWithParent(component string) {
	_, _ = io.Copy(io.Discard, os.Stdin)
	fmt.Fprintln(os.Stderr, component+": the process that started this one is gone; exiting")
	os.Exit(1)
}

func runKubectl(command *cobra.Command) int {
	if err := cli.RunNoErrOutput(command); err != nil {
		// Prints the error the way kubectl does and exits with its code.
		kubectlutil.CheckErr(err)
	}
	return 0
}
