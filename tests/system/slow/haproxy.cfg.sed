# Who waits is HAProxy's neighbour at this port.
s|^frontend|listen|
s|http-request return .*|http-request set-uri /_test/sleep?ms=30\
    http-response set-header X-Pid %pid\
    server first 127.0.0.1:8001|
