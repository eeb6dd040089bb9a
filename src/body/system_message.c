/* SPDX-License-Identifier: Apache-2.0 */
/* System messages and their answers, in both forms. */
#include "body/system_message.h"

#include <errno.h>

#include "body/xml.h"

#define ACCEPT STR("accept")
#define DECLINE STR("decline")


static int optional(const struct xml_node *e, struct str name, struct arena *a, struct str *ret)
{
	int err = xml_value(e, name, a, ret);

	return err == -ENOENT ? 0 : err;
}


static int child_text(const struct xml_node *parent, struct str name, struct arena *a,
		      struct str *ret)
{
	const struct xml_node *e = xml_find(parent, name);

	return e ? xml_text(e, a, ret) : 0;
}


static bool is_true(struct str value)
{
	return str_eq_nocase(value, STR("true")) || str_eq(value, STR("1"));
}


/* ---- Requests ---- */

static const struct system_option *option_by_id(const struct system_message *m, struct str id)
{
	for (size_t i = 0; i < m->options_n; i++) {
		if (str_eq(m->options[i].id, id))
			return &m->options[i];
	}
	return NULL;
}


static int option_add(struct system_message *m, struct str id, struct str label)
{
	if (!id.n || option_by_id(m, id))
		return -EBADMSG;
	if (m->options_n == SYSTEM_OPTIONS_MAX)
		return -ENOBUFS;
	m->options[m->options_n++] = (struct system_option){id, label};
	return 0;
}


static int options_decode(struct system_message *m, const struct xml_node *list, struct arena *a)
{
	int err = 0;

	for (const struct xml_node *e = xml_find(list, STR("option")); e && !err;
	     e = xml_find_next(e, STR("option"))) {
		struct str id = STR_NULL, label = STR_NULL;

		if (!(err = optional(e, STR("id"), a, &id)) && !(err = xml_text(e, a, &label)))
			err = option_add(m, id, label);
	}
	return err;
}


/* The text and its language. */
static int text_decode(struct system_message *m, const struct xml_node *root, struct str name,
		       struct arena *a)
{
	const struct xml_node *e = xml_find(root, name);
	int err = e ? xml_text(e, a, &m->text) : -EBADMSG;

	if (err)
		return err;
	return m->text.n ? optional(e, STR("lang"), a, &m->lang) : -EBADMSG;
}


static int attributes_decode(struct system_message *m, const struct xml_node *root, struct arena *a)
{
	struct str timeout = STR_NULL;
	int err;

	if ((err = optional(root, STR("id"), a, &m->id)) ||
	    (err = optional(root, STR("timeout"), a, &timeout)))
		return err;
	/* Seconds; what is no number, or too big to be one, is not said. */
	if (!str_u32(timeout, &m->timeout_s))
		m->timeout_s = 0;
	return m->id.n ? 0 : -EBADMSG;
}


static int oma_decode(struct system_message *m, const struct xml_node *root, struct arena *a)
{
	struct str response = STR_NULL;
	int err;

	if ((err = attributes_decode(m, root, a)) ||
	    (err = optional(root, STR("response"), a, &response)) ||
	    (err = child_text(root, STR("subject"), a, &m->subject)) ||
	    (err = text_decode(m, root, STR("text"), a)) ||
	    (err = child_text(root, STR("response-uri"), a, &m->response_uri)) ||
	    (err = options_decode(m, xml_find(root, STR("answer-options")), a)))
		return err;
	m->required = str_eq_nocase(response, STR("required"));
	m->persistent = true;
	return m->required && !m->options_n ? -EBADMSG : 0;
}


static int eucr_texts(struct system_message *m, const struct xml_node *root, struct arena *a)
{
	int err;

	if ((err = attributes_decode(m, root, a)) ||
	    (err = child_text(root, STR("Subject"), a, &m->subject)))
		return err;
	return text_decode(m, root, STR("Text"), a);
}


static int confirmation_decode(struct system_message *m, const struct xml_node *root,
			       struct arena *a)
{
	struct str type = STR_NULL, pin = STR_NULL, accept = STR_NULL, reject = STR_NULL;
	int err;

	if ((err = eucr_texts(m, root, a)) || (err = optional(root, STR("type"), a, &type)) ||
	    (err = optional(root, STR("pin"), a, &pin)) ||
	    (err = child_text(root, STR("ButtonAccept"), a, &accept)) ||
	    (err = child_text(root, STR("ButtonReject"), a, &reject)) ||
	    (err = option_add(m, ACCEPT, accept)) || (err = option_add(m, DECLINE, reject)))
		return err;
	m->required = true;
	m->pin = is_true(pin);
	m->persistent = !str_eq_nocase(type, STR("Volatile"));
	return 0;
}


static int notification_decode(struct system_message *m, const struct xml_node *root,
			       struct arena *a)
{
	struct str ok = STR_NULL;
	int err = eucr_texts(m, root, a);

	m->persistent = true;
	if (err || (err = child_text(root, STR("ButtonOK"), a, &ok)))
		return err;
	return ok.n ? option_add(m, STR("ok"), ok) : 0;
}


static int request_decode(struct system_message *m, const struct xml_node *root, struct arena *a)
{
	if (xml_named(root, STR("smsg")))
		return oma_decode(m, root, a);
	if (xml_named(root, STR("EndUserConfirmationRequest")))
		return confirmation_decode(m, root, a);
	if (xml_named(root, STR("EndUserNotification")) ||
	    xml_named(root, STR("EndUserNotificationRequest")))
		return notification_decode(m, root, a);
	return -EBADMSG;
}


int system_message_decode(struct system_message *ret, struct str text, struct arena *a)
{
	struct system_message m = {.required = false};
	struct xml_doc *doc;
	int err = text.n > SYSTEM_SIZE_MAX ? -ENOBUFS : xml_decode(&doc, text);

	if (err)
		return err;
	err = request_decode(&m, xml_root(doc), a);
	mem_unref(doc);
	if (err)
		return err;
	*ret = m;
	return 0;
}


/* ---- Answers ---- */

static int answer_decode(struct system_answer *r, const struct xml_node *root, struct arena *a)
{
	const struct xml_node *answer = xml_find(root, STR("answer"));
	int err = optional(root, STR("id"), a, &r->id);

	if (err)
		return err;
	if (xml_named(root, STR("EndUserConfirmationResponse"))) {
		r->eucr = true;
		if ((err = optional(root, STR("value"), a, &r->option)) ||
		    (err = optional(root, STR("pin"), a, &r->pin)))
			return err;
		if (!str_eq(r->option, ACCEPT) && !str_eq(r->option, DECLINE))
			return -EBADMSG;
	} else if (xml_named(root, STR("smsg-response"))) {
		err = answer ? optional(answer, STR("option"), a, &r->option) : -EBADMSG;
		/* One answer, not two to choose from. */
		if (!err && xml_find_next(answer, STR("answer")))
			err = -EBADMSG;
	} else {
		return -EBADMSG;
	}
	if (err)
		return err;
	return r->id.n && r->option.n ? 0 : -EBADMSG;
}


int system_answer_decode(struct system_answer *ret, struct str text, struct arena *a)
{
	struct system_answer r = {.eucr = false};
	struct xml_doc *doc;
	int err = text.n > SYSTEM_SIZE_MAX ? -ENOBUFS : xml_decode(&doc, text);

	if (err)
		return err;
	err = answer_decode(&r, xml_root(doc), a);
	mem_unref(doc);
	if (err)
		return err;
	*ret = r;
	return 0;
}


const struct system_option *system_answer_choice(const struct system_message *m,
						 const struct system_answer *r)
{
	size_t at = str_eq(r->option, ACCEPT) ? 0 : 1;

	if (!r->eucr)
		return option_by_id(m, r->option);
	return at < m->options_n ? &m->options[at] : NULL;
}


/* ---- Encoding ---- */

/* Texts carry the language of the message. */
static void put_text(struct buf *out, struct str name, struct str lang, struct str text)
{
	buf_puts(out, STR("  <"));
	buf_puts(out, name);
	if (lang.n)
		xml_put_attribute(out, STR("xml:lang"), lang);
	buf_putc(out, '>');
	xml_escape(text, out);
	buf_puts(out, STR("</"));
	buf_puts(out, name);
	buf_puts(out, STR(">\n"));
}


static void put_timeout(struct buf *out, uint32_t timeout_s)
{
	if (timeout_s)
		buf_printf(out, " timeout=\"%u\"", timeout_s);
}


static struct str label_of(const struct system_option *o)
{
	return o->label.n ? o->label : o->id;
}


static void option_encode(const struct system_option *o, struct str lang, struct buf *out)
{
	buf_puts(out, STR("    <option"));
	xml_put_attribute(out, STR("id"), o->id);
	if (lang.n)
		xml_put_attribute(out, STR("xml:lang"), lang);
	buf_putc(out, '>');
	xml_escape(label_of(o), out);
	buf_puts(out, STR("</option>\n"));
}


static void oma_encode(const struct system_message *m, struct buf *out)
{
	buf_puts(out, STR("<smsg xmlns=\"urn:oma:xml:im:system-message\""));
	xml_put_attribute(out, STR("id"), m->id);
	if (m->required)
		xml_put_attribute(out, STR("response"), STR("required"));
	put_timeout(out, m->timeout_s);
	buf_puts(out, STR(">\n"));
	if (m->subject.n)
		put_text(out, STR("subject"), m->lang, m->subject);
	put_text(out, STR("text"), m->lang, m->text);
	if (m->response_uri.n)
		put_text(out, STR("response-uri"), STR(""), m->response_uri);
	if (m->options_n)
		buf_puts(out, STR("  <answer-options>\n"));
	for (size_t i = 0; i < m->options_n; i++)
		option_encode(&m->options[i], m->lang, out);
	if (m->options_n)
		buf_puts(out, STR("  </answer-options>\n"));
	buf_puts(out, STR("</smsg>\n"));
}


static void eucr_encode(const struct system_message *m, struct buf *out)
{
	bool asks = m->options_n == 2;
	struct str root = asks ? STR("EndUserConfirmationRequest") : STR("EndUserNotification");

	buf_putc(out, '<');
	buf_puts(out, root);
	xml_put_attribute(out, STR("id"), m->id);
	if (asks) {
		xml_put_attribute(out, STR("type"),
				  m->persistent ? STR("Persistent") : STR("Volatile"));
		xml_put_attribute(out, STR("pin"), m->pin ? STR("true") : STR("false"));
		put_timeout(out, m->timeout_s);
	}
	buf_puts(out, STR(">\n"));
	if (m->subject.n)
		put_text(out, STR("Subject"), m->lang, m->subject);
	put_text(out, STR("Text"), m->lang, m->text);
	if (asks) {
		put_text(out, STR("ButtonAccept"), m->lang, label_of(&m->options[0]));
		put_text(out, STR("ButtonReject"), m->lang, label_of(&m->options[1]));
	} else if (m->options_n) {
		put_text(out, STR("ButtonOK"), m->lang, label_of(&m->options[0]));
	}
	buf_puts(out, STR("</"));
	buf_puts(out, root);
	buf_puts(out, STR(">\n"));
}


bool system_message_fits_eucr(const struct system_message *m)
{
	return m->options_n == 2 || (m->options_n < 2 && !m->required);
}


struct str system_message_type(const struct system_message *m, enum system_form form)
{
	if (form == SYSTEM_FORM_OMA)
		return SYSTEM_MESSAGE_TYPE;
	return m->options_n == 2 ? SYSTEM_EUCR_REQUEST_TYPE : SYSTEM_EUCR_NOTIFY_TYPE;
}


void system_message_encode(const struct system_message *m, enum system_form form, struct buf *out)
{
	buf_puts(out, XML_DECLARATION);
	if (form == SYSTEM_FORM_OMA)
		oma_encode(m, out);
	else
		eucr_encode(m, out);
}


struct str system_answer_type(const struct system_answer *r)
{
	return r->eucr ? SYSTEM_EUCR_ANSWER_TYPE : SYSTEM_ANSWER_TYPE;
}


void system_answer_encode(const struct system_answer *r, struct buf *out)
{
	buf_puts(out, XML_DECLARATION);
	if (!r->eucr) {
		buf_puts(out, STR("<smsg-response xmlns=\"urn:oma:xml:im:system-message\""));
		xml_put_attribute(out, STR("id"), r->id);
		buf_puts(out, STR("><answer"));
		xml_put_attribute(out, STR("option"), r->option);
		buf_puts(out, STR("/></smsg-response>\n"));
		return;
	}
	buf_puts(out, STR("<EndUserConfirmationResponse"));
	xml_put_attribute(out, STR("id"), r->id);
	xml_put_attribute(out, STR("value"), r->option);
	if (r->pin.n)
		xml_put_attribute(out, STR("pin"), r->pin);
	buf_puts(out, STR("/>\n"));
}
