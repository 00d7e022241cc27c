package libllvm

// identification finds the version that wrote bitcode: the text LLVM and what follows
// it, in the 6-bit characters of the bitstream format (a-z, A-Z, 0-9, '.', '_').
func identification(b []byte) string {
	const alphabet = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._"
	char := func(bit int) byte {
		c := 0
		for i := range 6 {
			at := bit + i
			if at/8 >= len(b) {
				return 0
			}
			c |= int(b[at/8]>>(at%8)&1) << i
		}
		return alphabet[c]
	}
	const name = "LLVM"
search:
	for start := range 8 * len(b) {
		for i := range len(name) {
			if char(start+6*i) != name[i] {
				continue search
			}
		}
		var version []byte
		for bit := start + 6*len(name); ; bit += 6 {
			c := char(bit)
			if c != '.' && (c < '0' || c > '9') {
				break
			}
			version = append(version, c)
		}
		if len(version) > 0 {
			return string(version)
		}
	}
	return ""
}
