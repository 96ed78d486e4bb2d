#include "supervisor/memory.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fd.h"

#define MAGIC UINT64_C(0x79726f6d656d63) /* "cmemory" */
#define PAGE  ((size_t)4096)
#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)

struct cover {
	uint64_t magic;
	uint64_t half_bytes;
	uint64_t live; /* 0 or 1, and its complement */
};

static struct cover *cover_of(const struct memory *memory)
{
	return (struct cover *)(void *)memory->map;
}

static uint8_t *half_at(const struct memory *memory, unsigned half)
{
	return memory->map + PAGE + half * memory->half_bytes;
}

static void publish(const struct memory *memory, uint32_t half)
{
	uint64_t both = half | (uint64_t)~half << 32;

	__atomic_store_n(&cover_of(memory)->live, both, __ATOMIC_RELEASE);
}

static int map(struct memory *memory, int fd)
{
	size_t bytes = PAGE + 2 * memory->half_bytes;
	void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (at == MAP_FAILED)
		return -errno;
	memory->map = at;
	return 0;
}

int memory_open(struct memory *memory, size_t half_bytes, struct fault *fault)
{
	CLOSE_FD int fd = memfd_create("clusterd-state", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	struct memory new = {.half_bytes = (half_bytes + PAGE - 1) / PAGE * PAGE};
	int result;

	if (new.half_bytes > STATE_MOST)
		return fault_set(fault, -EFBIG, "the state is too large");
	if (fd == -1 || ftruncate(fd, (off_t)(PAGE + 2 * new.half_bytes)) == -1 ||
	    fcntl(fd, F_ADD_SEALS, SEALS) == -1)
		return fault_set(fault, -errno, "memory for the state: %s",
				 strerror(errno));
	result = map(&new, fd);
	if (result < 0)
		return fault_set(fault, result, "memory for the state: %s",
				 strerror(-result));
	assert(new.map != NULL);
	new.fd = fd_take(&fd);
	new.image = half_at(&new, 0);
	state_begin(new.image, STATE_VERSION);
	*cover_of(&new) = (struct cover){.magic = MAGIC, .half_bytes = new.half_bytes};
	publish(&new, 0);
	*memory = new;
	return 0;
}

static bool is_sealed(int fd)
{
	int seals = fcntl(fd, F_GET_SEALS);

	return seals != -1 && (seals & SEALS) == SEALS;
}

int memory_take(struct memory *memory, int fd, struct fault *fault)
{
	CLOSE_FD int owned = fd;
	struct memory taken = {.fd = -1};
	struct stat status;
	uint64_t live;
	int result;

	if (fstat(fd, &status) == -1 || !is_sealed(fd) || status.st_size < (off_t)PAGE ||
	    status.st_size > (off_t)(PAGE + 2 * STATE_MOST) ||
	    (size_t)status.st_size % PAGE != 0)
		return fault_set(fault, -EBADMSG, "what was kept is no state");
	taken.half_bytes = ((size_t)status.st_size - PAGE) / 2;
	result = map(&taken, fd);
	if (result < 0)
		return fault_set(fault, result, "the state cannot be read: %s",
				 strerror(-result));
	live = __atomic_load_n(&cover_of(&taken)->live, __ATOMIC_ACQUIRE);
	if (cover_of(&taken)->magic != MAGIC || (uint32_t)live > 1 ||
	    (uint32_t)(live >> 32) != ~(uint32_t)live ||
	    cover_of(&taken)->half_bytes != taken.half_bytes) {
		memory_close(&taken);
		return fault_set(fault, -EBADMSG, "the state is broken");
	}
	taken.image = half_at(&taken, (uint32_t)live);
	taken.fd = fd_take(&owned);
	*memory = taken;
	return 0;
}

int memory_copy(const struct memory *memory)
{
	size_t bytes = PAGE + 2 * memory->half_bytes;
	CLOSE_FD int fd = memfd_create("clusterd-state", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd == -1 || memory->map == NULL ||
	    write(fd, memory->map, bytes) != (ssize_t)bytes ||
	    fcntl(fd, F_ADD_SEALS, SEALS) == -1)
		return -1;
	return fd_take(&fd);
}

void memory_close(struct memory *memory)
{
	if (memory->map != NULL)
		(void)munmap(memory->map, PAGE + 2 * memory->half_bytes);
	fd_close(&memory->fd);
	*memory = MEMORY_NONE;
}

int memory_add(struct memory *memory, struct state_key key, const void *bytes,
	       size_t count)
{
	uint8_t *image = memory->another != NULL ? memory->another : memory->image;

	if (bytes == NULL)
		return state_forget(image, memory->half_bytes, key);
	return state_add(image, memory->half_bytes, key, bytes, count);
}

void memory_begin(struct memory *memory)
{
	uint8_t *first = half_at(memory, 0);

	memory->another = memory->image == first ? half_at(memory, 1) : first;
	state_begin(memory->another, STATE_VERSION);
}

void memory_commit(struct memory *memory)
{
	memory->image = memory->another;
	memory->another = NULL;
	publish(memory, memory->image != half_at(memory, 0));
}

size_t memory_used(const struct memory *memory)
{
	return state_used(memory->another != NULL ? memory->another : memory->image);
}
