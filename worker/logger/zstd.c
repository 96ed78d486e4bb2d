#include "worker/logger/zstd.h"

#include <errno.h>
#include <stdlib.h>

#include <zstd.h>

#include "worker/logger/bulk.h"

#define LEVEL 3
#define CHUNK ((size_t)128 << 10)

struct space {
	char in[CHUNK], out[CHUNK];
};

static int pack_chunk(ZSTD_CCtx *context, struct space *space, size_t count, int to)
{
	ZSTD_EndDirective mode = count < CHUNK ? ZSTD_e_end : ZSTD_e_continue;
	ZSTD_inBuffer in = {.src = space->in, .size = count};
	size_t left;

	do {
		ZSTD_outBuffer out = {.dst = space->out, .size = CHUNK};
		int code;

		left = ZSTD_compressStream2(context, &out, &in, mode);
		if (ZSTD_isError(left))
			return -ENOMEM;
		code = bulk_write(to, space->out, out.pos);
		if (code < 0)
			return code;
	} while (mode == ZSTD_e_end ? left > 0 : in.pos < in.size);
	return 0;
}

int zstd_pack(int from, int to)
{
	ZSTD_CCtx *context = ZSTD_createCCtx();
	struct space *space = malloc(sizeof(*space));
	ssize_t got = (ssize_t)CHUNK;
	int code = context && space ? 0 : -ENOMEM;

	if (code == 0) {
		(void)ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, LEVEL);
		(void)ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
	}
	while (code == 0 && got == (ssize_t)CHUNK) {
		got = bulk_read(from, space->in, CHUNK);
		code = got < 0 ? (int)got : pack_chunk(context, space, (size_t)got, to);
	}
	(void)ZSTD_freeCCtx(context);
	free(space);
	return code;
}

static int unpack_chunk(ZSTD_DCtx *context, struct space *space, size_t count, int to,
			bool *whole)
{
	ZSTD_inBuffer in = {.src = space->in, .size = count};
	bool more = true;

	while (more) {
		ZSTD_outBuffer out = {.dst = space->out, .size = CHUNK};
		size_t left = ZSTD_decompressStream(context, &out, &in);
		int code;

		if (ZSTD_isError(left))
			return -EBADMSG;
		*whole = left == 0;
		code = bulk_write(to, space->out, out.pos);
		if (code < 0)
			return code;
		more = in.pos < in.size || out.pos == out.size;
	}
	return 0;
}

int zstd_unpack(int from, int to)
{
	ZSTD_DCtx *context = ZSTD_createDCtx();
	struct space *space = malloc(sizeof(*space));
	int code = context && space ? 0 : -ENOMEM;
	bool whole = false;
	ssize_t got = 1;

	while (code == 0 && got > 0) {
		got = bulk_read(from, space->in, CHUNK);
		if (got < 0)
			code = (int)got;
		else if (got > 0)
			code = unpack_chunk(context, space, (size_t)got, to, &whole);
	}
	(void)ZSTD_freeDCtx(context);
	free(space);
	return code == 0 && !whole ? -EBADMSG : code;
}
