package sender

import (
	"bytes"
	"encoding/json"
	"errors"
	"mime"
	"net/url"
	"unicode/utf8"

	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
)

var errNotForm = errors.New("the body is not a URL-encoded form")

// isForm tells whether a body is a URL-encoded form. A body that begins as a
// JSON object is one, whatever a careless client's Content-Type says.
func isForm(r *event.Request) bool {
	media, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return media == "application/x-www-form-urlencoded" && !bytes.HasPrefix(Trim(r.Body), []byte("{"))
}

// decodeForm decodes a form to an object of strings; a name that is repeated
// holds a list of them.
func decodeForm(body []byte) (object, error) {
	body = Trim(body)
	if len(body) == 0 {
		return nil, errEmpty
	}
	values, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, errNotForm
	}
	o := make(object, len(values))
	for name, list := range values {
		all := make([]any, len(list))
		for i, value := range list {
			if !utf8.ValidString(name) || !utf8.ValidString(value) {
				return nil, errUTF8
			}
			all[i] = value
		}
		if o[name] = any(all); len(all) == 1 {
			o[name] = all[0]
		}
	}
	return o, nil
}

// formJSON writes a decoded form as JSON, its names in order.
func formJSON(form object) json.RawMessage {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if e.Encode(form) != nil {
		return json.RawMessage("null")
	}
	return bytes.TrimSpace(b.Bytes())
}
