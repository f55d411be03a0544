package main

import (
	"flag"
	"fmt"
	"net/url"
	"os"
	"os/signal"
	"syscall"
	"time"

	"go.etcd.io/etcd/server/v3/embed"
)

// runEtcd serves one etcd member until it is told to stop. Its flags are a part of
// those of the etcd program, by the same names, so that a launcher can use either.
func runEtcd(arguments []string) int {
	config := embed.NewConfig()
	flags := flag.NewFlagSet("etcd", flag.ExitOnError)
	flags.StringVar(&config.Name, "name", config.Name, "name of the member")
	flags.StringVar(&config.Dir, "data-dir", "", "folder for the data")
	flags.StringVar(&config.LogLevel, "log-level", "error", "debug, info, warn, error, panic or fatal")
	flags.BoolVar(&config.UnsafeNoFsync, "unsafe-no-fsync", false, "never call fsync: fast, and the data is lost with the machine")
	flags.Int64Var(&config.QuotaBackendBytes, "quota-backend-bytes", config.QuotaBackendBytes, "size at which writes are refused")
	flags.StringVar(&config.InitialCluster, "initial-cluster", "", "name=peer URL of the members")
	listenClient := flags.String("listen-client-urls", "", "URL to serve clients on")
	advertiseClient := flags.String("advertise-client-urls", "", "URL that clients are told")
	listenPeer := flags.String("listen-peer-urls", "", "URL to serve peers on")
	advertisePeer := flags.String("initial-advertise-peer-urls", "", "URL that peers are told")
	_ = flags.Parse(arguments)

	for _, target := range []struct {
		flag  *string
		field *[]url.URL
	}{
		{listenClient, &config.ListenClientUrls},
		{advertiseClient, &config.AdvertiseClientUrls},
		{listenPeer, &config.ListenPeerUrls},
		{advertisePeer, &config.AdvertisePeerUrls},
	} {
		parsed, err := url.Parse(*target.flag)
		if err != nil {
			return failed(err)
		}
		*target.field = []url.URL{*parsed}
	}

	server, err := embed.StartEtcd(config)
	if err != nil {
		return failed(err)
	}
	defer server.Close()
	select {
	case <-server.Server.ReadyNotify():
	case <-time.After(time.Minute):
		return failed(fmt.Errorf("not ready after a minute"))
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGINT, syscall.SIGTERM)
	select {
	case <-stop:
		return 0
	case err := <-server.Err():
		return failed(err)
	}
}

func failed(err error) int {
	fmt.Fprintln(os.Stderr, "etcd:", err)
	return 1
}
