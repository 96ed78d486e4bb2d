s|^echo|usleep(30000); echo|
