s|^import os|import asyncio, os, time|
/^def wsgi/a \    time.sleep(0.03)
/^        return/a \    await asyncio.sleep(0.03)
