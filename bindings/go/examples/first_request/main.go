// One GET request, and what came of it:  first_request URL [CA_FILE]
package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	sentinel "http-sentinel/bindings/go"
)

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage:", os.Args[0], "URL [CA_FILE]")
		os.Exit(2)
	}
	var options sentinel.Options
	if len(os.Args) > 2 {
		options.TLS.CAFile = os.Args[2]
	}
	if err := get(os.Args[1], options); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func get(url string, options sentinel.Options) error {
	client, err := sentinel.NewClient(options)
	if err != nil {
		return err
	}
	defer client.Close()

	response, err := client.Get(context.Background(), url)
	var failure *sentinel.Error
	if errors.As(err, &failure) && failure.RequestSent == sentinel.SentMaybe {
		fmt.Println("it may have arrived: ask the server before it is sent again")
	}
	if err != nil {
		return err
	}
	m := response.Metrics
	fmt.Printf("%d bytes: %.60s\n", len(response.Body), response.Body)
	fmt.Printf("status %d in %v over %v, %d attempts, TLS %v\n", response.Status, m.Total, m.HTTPVersion, m.Attempts, m.TLS)
	return nil
}
