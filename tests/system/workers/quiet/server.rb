# As server.py, with WEBrick.
require 'webrick'

def answer(response, pieces, pause, piece)
  response['X-Pid'] = Process.pid.to_s
  response['Content-Length'] = (pieces * piece.bytesize).to_s
  response.body = proc do |out|
    pieces.times do |index|
      sleep pause if index.positive?
      out << piece
    end
  end
end

server = WEBrick::HTTPServer.new(BindAddress: '127.0.0.1', Port: ARGV[0].to_i, AccessLog: [],
                                 Logger: WEBrick::Log.new(File::NULL))
server.mount_proc('/') do |request, response|
  case request.path
  when '/pieces' then answer(response, 16, 0.2, 'x')
  when '/late' then answer(response, 2, 0.5, 'x')
  when '/long' then answer(response, 8, 0, 'x' * (1 << 20))
  else answer(response, 1, 0, 'x')
  end
end
server.start
