package egress

import (
	"net/netip"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/stoashop/stoa/kit/fault"
)

// reserved lists the IPv4 blocks that are not the public internet (RFC 6890
// and the registries it points to).
func reserved(a netip.Addr) bool {
	b := a.As4()
	switch {
	case b[0] == 0, // this network
		b[0] == 10,                               // private
		b[0] == 100 && b[1]&0xc0 == 64,           // carrier-grade NAT
		b[0] == 127,                              // loopback
		b[0] == 169 && b[1] == 254,               // link-local, cloud metadata
		b[0] == 172 && b[1]&0xf0 == 16,           // private
		b[0] == 192 && b[1] == 0 && b[2] == 0,    // protocol assignments
		b[0] == 192 && b[1] == 0 && b[2] == 2,    // documentation
		b[0] == 192 && b[1] == 88 && b[2] == 99,  // 6to4 relays
		b[0] == 192 && b[1] == 168,               // private
		b[0] == 198 && b[1]&0xfe == 18,           // benchmarks
		b[0] == 198 && b[1] == 51 && b[2] == 100, // documentation
		b[0] == 203 && b[1] == 0 && b[2] == 113,  // documentation
		b[0] >= 224:                              // multicast, future use, broadcast
		return true
	}
	return false
}

// Routable reports whether an address is on the public internet. Of IPv6 only
// the global unicast block 2000::/3 is, without the parts that carry an IPv4
// address inside (Teredo, 6to4) or mean documentation; IPv4-mapped and NAT64
// addresses and those with a zone are not.
func Routable(a netip.Addr) bool {
	if !a.IsValid() || a.Zone() != "" {
		return false
	}
	if a.Is4() {
		return !reserved(a)
	}
	b := a.As16()
	switch {
	case b[0]&0xe0 != 0x20, // outside 2000::/3: loopback, mapped, NAT64, ULA, link-local, multicast
		b[0] == 0x20 && b[1] == 0x01 && b[2] < 0x02,                  // 2001::/23, Teredo among them
		b[0] == 0x20 && b[1] == 0x01 && b[2] == 0x0d && b[3] == 0xb8, // documentation
		b[0] == 0x20 && b[1] == 0x02,                                 // 6to4
		b[0] == 0x3f && b[1] == 0xff && b[2] < 0x10:                  // documentation, 3fff::/20
		return false
	}
	return true
}

// numeric reports whether a host that is no plain address would still be read
// as one by a C library: "2130706433", "0177.0.0.1", "0x7f.1", "127.1". Browsers
// decide by the last label (WHATWG URL, "ends in a number"), and so do we.
func numeric(host string) bool {
	host = strings.TrimSuffix(host, ".")
	last := host[strings.LastIndexByte(host, '.')+1:]
	if last == "" {
		return true
	}
	if hex, ok := strings.CutPrefix(strings.ToLower(last), "0x"); ok {
		return strings.Trim(hex, "0123456789abcdef") == ""
	}
	return strings.Trim(last, "0123456789") == ""
}

// Check says at once, without asking DNS, whether Public would refuse to go to
// an address because of its form: no absolute http or https URL, a user name,
// a literal address that is not public, "localhost". Forms use it so that a
// person is told while typing; it replaces no check at sending time.
//
// It returns the parsed address, or a fault with "egress.address_refused".
func Check(address string) (*url.URL, error) {
	if len(address) > 2000 || !utf8.ValidString(address) {
		return nil, fault.New(fault.Invalid, "egress.address_refused").With("address", "")
	}
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil || u.Opaque != "" {
		return nil, refused(address, "is no plain http or https address")
	}
	host := strings.ToLower(strings.TrimSuffix(u.Hostname(), "."))
	if host == "localhost" || strings.HasSuffix(host, ".localhost") || strings.HasSuffix(host, ".local") || strings.HasSuffix(host, ".internal") {
		return nil, refused(address, "names the local network")
	}
	if addr, err := netip.ParseAddr(host); err == nil {
		if !Routable(addr) {
			return nil, refused(address, "is not on the public internet")
		}
	} else if numeric(host) {
		return nil, refused(address, "is an address in an unusual notation")
	}
	return u, nil
}
