package alpaca

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
)

// decode reads an answer more strictly than encoding/json does: a field that is missing, or null where that says nothing, is
// an error, and so is one whose name differs in case alone. Unknown fields are ignored.
func decode(data []byte, to any) error { return read(data, reflect.ValueOf(to).Elem(), "the answer") }

var unmarshaler = reflect.TypeFor[json.Unmarshaler]()

func read(data []byte, to reflect.Value, name string) error {
	if bytes.Equal(data, []byte("null")) {
		if to.Kind() == reflect.Pointer {
			return nil
		}
		return fmt.Errorf("%s is null", name)
	}
	own := to.Addr().Type().Implements(unmarshaler)
	switch {
	case to.Kind() == reflect.Struct && !own:
		return readObject(data, to, name)
	case to.Kind() == reflect.Slice && !own:
		return readList(data, to, name)
	}
	if err := json.Unmarshal(data, to.Addr().Interface()); err != nil {
		return fmt.Errorf("%s cannot be read: %w", name, err)
	}
	return nil
}

func readList(data []byte, to reflect.Value, name string) error {
	var parts []json.RawMessage
	if err := json.Unmarshal(data, &parts); err != nil {
		return fmt.Errorf("%s is no list: %w", name, err)
	}
	to.Set(reflect.MakeSlice(to.Type(), len(parts), len(parts)))
	for i, part := range parts {
		if err := read(part, to.Index(i), name); err != nil {
			return err
		}
	}
	return nil
}

func readObject(data []byte, to reflect.Value, name string) error {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(data, &fields); err != nil {
		return fmt.Errorf("%s is no object: %w", name, err)
	}
	for i := range to.NumField() {
		field := to.Type().Field(i)
		tag, option, _ := strings.Cut(field.Tag.Get("json"), ",")
		if tag == "-" {
			continue
		}
		value, there := fields[tag]
		if !there {
			return fmt.Errorf("%s is missing", tag)
		}
		if option == "omitempty" && bytes.Equal(value, []byte("null")) {
			continue // a list that is null where it is empty
		}
		if err := read(value, to.Field(i), tag); err != nil {
			return err
		}
	}
	return nil
}
