package tax

import "strings"

// Area is where one set of rates holds: a country or a part of one.
type Area struct {
	Country string
	Region  string

	// Apart marks a part in which the country's own rates do not hold, because
	// the law leaves it out (the Canary Islands, Helgoland). Only rows that
	// name the region count there.
	Apart bool
}

// carved is a part of a country that tax law treats in its own way, told by
// the first figures of its postcodes.
type carved struct {
	country string
	prefix  string
	to      Area
}

// carvings follows Articles 5 to 7 of Directive 2006/112/EC (as amended) for
// the Union, and the places that share a postcode system with a neighbour.
func carvings() []carved {
	apart := func(country, region string) Area { return Area{country, region, true} }
	part := func(country, region string) Area { return Area{country, region, false} }
	return []carved{
		{"DE", "27498", apart("DE", "HELGOLAND")},
		{"DE", "78266", apart("DE", "BUESINGEN")},
		{"ES", "35", apart("ES", "CN")}, // Las Palmas
		{"ES", "38", apart("ES", "CN")}, // Santa Cruz de Tenerife
		{"ES", "51", apart("ES", "CE")},
		{"ES", "52", apart("ES", "ML")},
		{"FI", "22", part("AX", "")},
		{"FR", "971", part("GP", "")},
		{"FR", "972", part("MQ", "")},
		{"FR", "973", part("GF", "")},
		{"FR", "974", part("RE", "")},
		{"FR", "975", part("PM", "")},
		{"FR", "976", part("YT", "")},
		{"FR", "986", part("WF", "")},
		{"FR", "987", part("PF", "")},
		{"FR", "988", part("NC", "")},
		{"GB", "GY", part("GG", "")},
		{"GB", "JE", part("JE", "")},
		{"GR", "63086", apart("GR", "69")}, // Mount Athos
		{"IT", "22061", apart("IT", "CAMPIONE")},
		{"IT", "23041", apart("IT", "LIVIGNO")},
		{"PT", "90", part("PT", "30")}, // Madeira: 9000 to 9499
		{"PT", "91", part("PT", "30")},
		{"PT", "92", part("PT", "30")},
		{"PT", "93", part("PT", "30")},
		{"PT", "94", part("PT", "30")},
		{"PT", "95", part("PT", "20")}, // Azores: 9500 to 9999
		{"PT", "96", part("PT", "20")},
		{"PT", "97", part("PT", "20")},
		{"PT", "98", part("PT", "20")},
		{"PT", "99", part("PT", "20")},
	}
}

// Locate finds the tax area of a place. Monaco is taxed as France, the Isle of
// Man as the United Kingdom, Liechtenstein as Switzerland.
func Locate(p Place) Area {
	postcode := strings.ToUpper(strings.NewReplacer(" ", "", "-", "").Replace(p.Postcode))
	for _, c := range carvings() {
		if c.country == p.Country && strings.HasPrefix(postcode, c.prefix) {
			return c.to
		}
	}
	switch p.Country {
	case "MC":
		return Area{Country: "FR"}
	case "IM":
		return Area{Country: "GB"}
	case "LI":
		return Area{Country: "CH"}
	}
	return Area{Country: p.Country, Region: p.Region}
}
