package ptxtest

import "fmt"

// token is a word, number, string or punctuation mark of PTX text; opcodes with their
// modifiers ("ld.global.f64") are one word. The empty text is the end of the file.
type token struct {
	text string
	line int
}

// scan cuts PTX text into tokens; comments disappear.
func scan(src string) ([]token, error) {
	var list []token
	line := 1
	for i := 0; i < len(src); {
		c := src[i]
		switch {
		case c == '\n':
			line++
			i++
		case c == ' ' || c == '\t' || c == '\r':
			i++
		case c == '/' && i+1 < len(src) && src[i+1] == '/':
			for i < len(src) && src[i] != '\n' {
				i++
			}
		case c == '/' && i+1 < len(src) && src[i+1] == '*':
			start := line
			for i += 2; ; i++ {
				if i+1 >= len(src) {
					return nil, &SyntaxError{Line: start, Message: "the comment has no end"}
				}
				if src[i] == '*' && src[i+1] == '/' {
					break
				}
				if src[i] == '\n' {
					line++
				}
			}
			i += 2
		case word(c):
			k := i
			for k < len(src) && word(src[k]) {
				k++
			}
			list = append(list, token{src[i:k], line})
			i = k
		case c == '"':
			k := i + 1
			for k < len(src) && src[k] != '"' && src[k] != '\n' {
				k++
			}
			if k == len(src) || src[k] == '\n' {
				return nil, &SyntaxError{Line: line, Message: "the string has no end"}
			}
			list = append(list, token{src[i : k+1], line})
			i = k + 1
		case c < 0x80 && c > ' ':
			list = append(list, token{src[i : i+1], line})
			i++
		default:
			return nil, &SyntaxError{Line: line, Message: fmt.Sprintf("byte %#02x is no PTX", c)}
		}
	}
	return append(list, token{"", line}), nil
}

// word reports whether a byte can stand in a word.
func word(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '.' || c == '_' || c == '$' || c == '%'
}
