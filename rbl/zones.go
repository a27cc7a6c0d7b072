package rbl

// Zones are the names that the lists of the catalogue are asked at, keys included:
// for limits on how often each is asked, never to be shown.
func (c *Catalogue) Zones() []string {
	var zones []string
	for _, l := range c.Lists {
		if l.askable() {
			zones = append(zones, l.zone())
		}
	}
	return zones
}
