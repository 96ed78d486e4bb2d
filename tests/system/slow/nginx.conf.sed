# Who waits is nginx's neighbour at this port.
s|return 200 .*;|proxy_pass http://127.0.0.1:8001/_test/sleep?ms=30; add_header X-Pid $pid;|
