/*
 * import.c - fuzzes the translation of PM2's ecosystems: what comes out of it is valid.
 *
 * The first byte says what the rest is: `y` for YAML, anything else for JSON.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "supervisor/config.h"
#include "supervisor/import/lenient.h"
#include "supervisor/import/translate.h"
#include "supervisor/import/yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static struct faults faults;

static void must(bool truth)
{
	if (!truth)
		abort();
}

static bool has_file(const char *path)
{
	return path[strlen(path) - 1] == 'x';
}

/* Who there is on this machine the file cannot know. */
static bool is_of_owner(const struct fault *fault)
{
	return strstr(fault->text, ".user: ") != NULL ||
	       strstr(fault->text, ".group: ") != NULL;
}

static void check(struct buffer *text)
{
	struct arena arena = {0};
	struct spec spec;

	buffer_append(text, "", 1);
	must(!text->broken);
	if (config_load_text("fuzz.conf", "/nonexistent", text->bytes, &arena, &spec,
			     &faults) == 0) {
		must(spec.apps > 0);
	} else if (!is_of_owner(&faults.list[0])) {
		(void)fprintf(stderr, "%s\nis not valid: %s\n", text->bytes,
			      faults.list[0].text);
		abort();
	}
	arena_free(&arena);
}

static void use(const char *json, size_t count)
{
	const struct translate how = {.file = "fuzz.json",
				      .directory = "/srv",
				      .profile = count % 2 == 0 ? NULL : "p",
				      .has_file = has_file};
	struct buffer text;
	unsigned line;
	struct json *root = json_parse_written(json, count, &line, NULL);

	if (root == NULL) {
		must(line > 0);
		return;
	}
	faults.count = 0;
	buffer_init(&text, TRANSLATE_BYTES);
	if (translate(&how, root, &text, &faults) == 0)
		check(&text);
	else
		must(faults.count > 0 && faults.list[0].text[0] != '\0');
	buffer_free(&text);
	json_free(root);
}

static void use_yaml(const char *text, size_t count)
{
	struct fault fault = {""};
	struct buffer json;
	unsigned line = 0;

	buffer_init(&json, (size_t)1 << 20);
	if (yaml_to_json(text, count, &json, &line, &fault) == 0) {
		struct json *root =
			json_parse_written(json.bytes, json.count, &line, NULL);

		must(root != NULL);
		json_free(root);
		use(json.bytes, json.count);
	} else {
		must(line > 0 && fault.text[0] != '\0');
	}
	buffer_free(&json);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	char *text = malloc(size + 1);

	must(text != NULL);
	memcpy(text, bytes, size);
	if (size > 0 && text[0] == 'y') {
		use_yaml(text + 1, size - 1);
	} else if (size > 0) {
		lenient_to_json(text + 1, size - 1);
		use(text + 1, size - 1);
	}
	free(text);
	return 0;
}
