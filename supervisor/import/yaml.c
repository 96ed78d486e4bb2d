#include "supervisor/import/yaml.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "common/json.h"

#define DEPTH_MOST 32

struct reader {
	yaml_document_t document;
	struct json_writer writer;
	unsigned depth;
	unsigned line; /* of what is wrong */
	struct fault *fault;
};

static int refuse(struct reader *reader, const yaml_node_t *node, const char *why)
{
	reader->line = (unsigned)node->start_mark.line + 1;
	return fault_set(reader->fault, -EINVAL, "%s", why);
}

static bool is_one_of(const char *text, const char *const *words)
{
	for (; *words != NULL; words++)
		if (strcmp(text, *words) == 0)
			return true;
	return false;
}

static bool is_number(const char *text)
{
	text += *text == '-' || *text == '+';
	if (strncmp(text, "0x", 2) == 0)
		return text[2] != '\0' &&
		       text[2 + strspn(text + 2, "0123456789abcdefABCDEF")] == '\0';
	return *text != '\0' && text[strspn(text, "0123456789")] == '\0';
}

/* Fractions stay text: whoever wants a number reads it from that, too. */
static void put_plain(struct json_writer *writer, const char *key, const char *text)
{
	static const char *const nulls[] = {"", "~", "null", "Null", "NULL", NULL};
	static const char *const truths[] = {"true", "True", "TRUE", NULL};
	static const char *const lies[] = {"false", "False", "FALSE", NULL};
	long long number;

	errno = 0;
	number = is_number(text) ? strtoll(text, NULL, strstr(text, "0x") ? 16 : 10) : 0;
	if (is_one_of(text, nulls))
		json_put_null(writer, key);
	else if (is_one_of(text, truths) || is_one_of(text, lies))
		json_put_bool(writer, key, is_one_of(text, truths));
	else if (is_number(text) && errno == 0)
		json_put_number(writer, key, number);
	else
		json_put_text(writer, key, text);
}

static int put_scalar(struct reader *reader, const char *key, const yaml_node_t *node)
{
	const char *text = (const char *)node->data.scalar.value;
	bool plain = node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;

	if (strlen(text) != node->data.scalar.length)
		return refuse(reader, node, "a NUL in text");
	/* libyaml gives what has no tag that of text, whatever it looks like. */
	if (plain)
		put_plain(&reader->writer, key, text);
	else
		json_put_text(&reader->writer, key, text);
	return 0;
}

static int put_node(struct reader *reader, const char *key, int index);

static int put_items(struct reader *reader, const yaml_node_t *node)
{
	int error = 0;

	for (yaml_node_item_t *item = node->data.sequence.items.start;
	     item < node->data.sequence.items.top && error == 0; item++)
		error = put_node(reader, NULL, *item);
	return error;
}

static bool is_merge(const yaml_node_t *key)
{
	return key->type == YAML_SCALAR_NODE &&
	       key->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
	       strcmp((const char *)key->data.scalar.value, "<<") == 0;
}

static int put_members(struct reader *reader, const yaml_node_t *node);

/* `<<: *one` or `<<: [*one, *other]`: of several the first wins, so it comes last. */
static int put_merged(struct reader *reader, int index)
{
	const yaml_node_t *node = yaml_document_get_node(&reader->document, index);
	int error = 0;

	if (node->type == YAML_MAPPING_NODE)
		return put_members(reader, node);
	if (node->type != YAML_SEQUENCE_NODE)
		return refuse(reader, node, "<< expects a mapping");
	for (yaml_node_item_t *item = node->data.sequence.items.top;
	     item > node->data.sequence.items.start && error == 0; item--) {
		const yaml_node_t *merged =
			yaml_document_get_node(&reader->document, item[-1]);

		error = merged->type == YAML_MAPPING_NODE
				? put_members(reader, merged)
				: refuse(reader, merged, "<< expects mappings");
	}
	return error;
}

/* What is merged comes first: of members with one name the last counts. */
static int put_members(struct reader *reader, const yaml_node_t *node)
{
	yaml_node_pair_t *first = node->data.mapping.pairs.start;
	yaml_node_pair_t *end = node->data.mapping.pairs.top;
	int error = 0;

	if (++reader->depth > DEPTH_MOST)
		return refuse(reader, node, "nested too deep");
	for (int own = 0; own < 2; own++)
		for (yaml_node_pair_t *pair = first; pair < end && error == 0; pair++) {
			const yaml_node_t *key =
				yaml_document_get_node(&reader->document, pair->key);

			if (key->type != YAML_SCALAR_NODE)
				error = refuse(reader, key, "a key is no text");
			else if (is_merge(key) && !own)
				error = put_merged(reader, pair->value);
			else if (!is_merge(key) && own)
				error = put_node(reader,
						 (const char *)key->data.scalar.value,
						 pair->value);
		}
	reader->depth--;
	return error;
}

static int put_node(struct reader *reader, const char *key, int index)
{
	const yaml_node_t *node = yaml_document_get_node(&reader->document, index);
	int error = 0;

	/* An alias may be in a list of aliases, and so on: what comes of that is bounded.
	 */
	if (reader->writer.to->broken)
		return refuse(reader, node, "there is too much of it");
	if (++reader->depth > DEPTH_MOST)
		return refuse(reader, node, "nested too deep");
	switch (node->type) {
	case YAML_SEQUENCE_NODE:
		json_open_array(&reader->writer, key);
		error = put_items(reader, node);
		json_close_array(&reader->writer);
		break;
	case YAML_MAPPING_NODE:
		json_open_object(&reader->writer, key);
		error = put_members(reader, node);
		json_close_object(&reader->writer);
		break;
	case YAML_SCALAR_NODE:
		error = put_scalar(reader, key, node);
		break;
	case YAML_NO_NODE:
		json_put_null(&reader->writer, key);
		break;
	}
	reader->depth--;
	return error;
}

static int put_document(struct reader *reader)
{
	const yaml_node_t *root = yaml_document_get_root_node(&reader->document);

	if (root == NULL)
		return fault_set(reader->fault, -EINVAL, "there is nothing in it");
	return put_node(reader, NULL, 1);
}

int yaml_to_json(const char *text, size_t count, struct buffer *to, unsigned *ret_line,
		 struct fault *fault)
{
	struct reader reader = {.writer = {.to = to}, .line = 1, .fault = fault};
	yaml_parser_t parser;
	int error;

	if (!yaml_parser_initialize(&parser))
		return fault_set(fault, -ENOMEM, "out of memory");
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, count);
	if (yaml_parser_load(&parser, &reader.document)) {
		error = put_document(&reader);
		yaml_document_delete(&reader.document);
	} else {
		reader.line = (unsigned)parser.problem_mark.line + 1;
		error = fault_set(fault, -EINVAL, "%s",
				  parser.problem != NULL ? parser.problem
							 : "cannot be understood");
	}
	yaml_parser_delete(&parser);
	if (error == 0 && to->broken)
		error = fault_set(fault, -EINVAL, "there is too much of it");
	*ret_line = reader.line;
	return error;
}
