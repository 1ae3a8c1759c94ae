// Go's net/http, a goroutine for each request in flight.
//
//	go URL CA_FILE|- IN_FLIGHT MILLISECONDS THREADS
package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

func must[T any](value T, err error) T {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	return value
}

func processorSeconds() float64 {
	var usage syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano()).Seconds()
}

func main() {
	base, ca := os.Args[1], os.Args[2]
	inFlight := must(strconv.Atoi(os.Args[3]))
	length := time.Duration(must(strconv.Atoi(os.Args[4]))) * time.Millisecond
	runtime.GOMAXPROCS(must(strconv.Atoi(os.Args[5])))

	transport := &http.Transport{MaxIdleConnsPerHost: inFlight, ForceAttemptHTTP2: true, DisableCompression: true}
	first := fmt.Sprintf("%s/meet/%d", base, inFlight)
	if ca != "-" {
		roots := x509.NewCertPool()
		roots.AppendCertsFromPEM(must(os.ReadFile(ca)))
		transport.TLSClientConfig = &tls.Config{RootCAs: roots}
		first = base + "/"
	}
	client := &http.Client{Transport: transport}
	get := func(url string) {
		request := must(http.NewRequest("GET", url, nil))
		request.Header.Set("User-Agent", "http-sentinel/0.1.0")
		request.Header.Set("Accept", "*/*")
		response := must(client.Do(request))
		body := must(io.ReadAll(response.Body))
		response.Body.Close()
		if response.StatusCode != 200 || len(body) == 0 {
			must(0, fmt.Errorf("wrong answer"))
		}
	}

	var met sync.WaitGroup
	var ended atomic.Int64
	met.Add(inFlight)
	for range inFlight {
		go func() {
			get(first)
			met.Done()
			for {
				get(base + "/")
				ended.Add(1)
			}
		}()
	}
	met.Wait()
	time.Sleep(length / 3)
	start, processor, before := time.Now(), processorSeconds(), ended.Load()
	time.Sleep(length)
	count := float64(ended.Load() - before)
	fmt.Printf("%.1f %.3f\n", count/time.Since(start).Seconds(), (processorSeconds()-processor)*1e6/count)
}
