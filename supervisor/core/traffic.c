#include "supervisor/core/traffic.h"

bool traffic_rests(const struct traffic *traffic)
{
	return traffic->unread == 0 && traffic->unsent == 0 &&
	       traffic->sent <= traffic->received && traffic->sent >= TRAFFIC_REST;
}
