// Worker has a client for each goroutine that works: nothing is shared, and nothing is waited for but the server.
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"sync"

	sentinel "http-sentinel/bindings/go"
)

func main() {
	const workers, requests = 4, 25
	var all sync.WaitGroup
	for i := 0; i < workers; i++ {
		all.Add(1)
		go func() {
			defer all.Done()
			// The worker belongs to this goroutine, which keeps its thread until Close.
			worker, err := sentinel.NewWorker(sentinel.Options{})
			if err != nil {
				log.Fatal(err)
			}
			defer worker.Close()
			for j := 0; j < requests; j++ {
				if _, err := worker.Get(context.Background(), os.Args[1]); err != nil {
					log.Fatal(err)
				}
			}
		}()
	}
	all.Wait()
	fmt.Printf("%d requests by %d workers\n", workers*requests, workers)
}
