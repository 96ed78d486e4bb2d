s|^import os|import os, time|
/def do_GET/a \        time.sleep(0.03)
