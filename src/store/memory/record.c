/* SPDX-License-Identifier: Apache-2.0 */
/* Records in one block, keys of several parts. */
#include "store/memory/record.h"


static struct str *text_at(void *record, uint16_t offset)
{
	return (void *)((char *)record + offset);
}


static struct str put(char **at, struct str s)
{
	struct str copy = {*at, s.n};

	if (s.n)
		memcpy(*at, s.p, s.n);
	*at += s.n;
	return copy;
}


void *memory_record_make(size_t front, const void *record, const struct store_shape *shape,
			 struct str key, struct str *key_copy)
{
	size_t size = front + shape->size, texts = size;
	char *block, *at;

	for (size_t i = 0; i < shape->n; i++)
		size += text_at((void *)record, shape->text[i])->n;
	block = mem_alloc(size + key.n, NULL);
	if (!block)
		return NULL;

	memcpy(block + front, record, shape->size);
	at = block + texts;
	for (size_t i = 0; i < shape->n; i++) {
		struct str *text = text_at(block + front, shape->text[i]);

		*text = put(&at, *text);
	}
	key = put(&at, key);
	if (key_copy)
		*key_copy = key;
	return block;
}


void memory_key_text(struct buf *b, struct str part)
{
	buf_puts(b, part);
	buf_putc(b, '\0');
}


void memory_key_number(struct buf *b, uint64_t number)
{
	char digits[8];

	for (int i = 7; i >= 0; i--, number >>= 8)
		digits[i] = (char)(number & 0xff);
	buf_put(b, digits, sizeof(digits));
}
