<?php // As server.py; one request at a time.
function answer($pieces, $pause, $piece)
{
	header('X-Pid: ' . getmypid());
	header('Content-Length: ' . $pieces * strlen($piece));
	for ($i = 0; $i < $pieces; $i++) {
		if ($i > 0)
			usleep($pause);
		echo $piece;
		flush();
	}
}
while (ob_get_level() > 0)
	ob_end_flush();
switch ($_SERVER['REQUEST_URI']) {
case '/pieces':
	answer(16, 200000, 'x');
	break;
case '/late':
	answer(2, 500000, 'x');
	break;
case '/long':
	answer(8, 0, str_repeat('x', 1 << 20));
	break;
case '/endless':
	answer(1000, 200000, 'x');
	break;
default:
	answer(1, 0, 'x');
}
