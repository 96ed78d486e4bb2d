// As server.py, with net/http and no handler for any signal.
package main

import (
	"bytes"
	"net/http"
	"os"
	"strconv"
	"time"
)

func answer(response http.ResponseWriter, pieces int, pause time.Duration, piece []byte) {
	response.Header().Set("X-Pid", strconv.Itoa(os.Getpid()))
	response.Header().Set("Content-Length", strconv.Itoa(pieces*len(piece)))
	for i := 0; i < pieces; i++ {
		if i > 0 {
			time.Sleep(pause)
		}
		response.Write(piece)
		response.(http.Flusher).Flush()
	}
}

func main() {
	http.HandleFunc("/", func(response http.ResponseWriter, request *http.Request) {
		switch request.URL.Path {
		case "/pieces":
			answer(response, 16, 200*time.Millisecond, []byte("x"))
		case "/late":
			answer(response, 2, 500*time.Millisecond, []byte("x"))
		case "/long":
			answer(response, 8, 0, bytes.Repeat([]byte("x"), 1<<20))
		default:
			answer(response, 1, 0, []byte("x"))
		}
	})
	panic(http.ListenAndServe("127.0.0.1:"+os.Args[1], nil))
}
