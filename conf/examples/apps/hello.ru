run ->(_environment) { [200, { 'Content-Type' => 'text/plain' }, ["#{Process.pid}\n"]] }
