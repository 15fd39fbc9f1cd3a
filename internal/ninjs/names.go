package ninjs

import (
	"slices"
	"strings"
)

// field is a known field of one of the objects of ninjs.
type field uint8

// The fields of an item and of an association.
const (
	unknown field = iota
	fIgnored
	fAltIDs
	fAssociations
	fBodies
	fBy
	fContentCreated
	fCopyrightHolder
	fCopyrightNotice
	fDescriptions
	fEdNote
	fEmbargoedUntil
	fEvents
	fExpires
	fFirstCreated
	fGenres
	fHeadline // of 1.x
	fHeadlines
	fInfoSources
	fLanguage
	fLocated
	fName
	fObjects
	fOrganisations
	fPeople
	fPlaces
	fProfile
	fPubStatus
	fRel
	fRenditions
	fRepresentationType
	fRightsInfo
	fSlugline
	fSourceType
	fStandard
	fSubjects
	fTitle
	fTrustIndicators
	fType
	fURI
	fUrgency
	fUsageTerms
	fVersion
	fVersionCreated
)

// The fields of the parts of an item.
const (
	pAddress field = iota + 2
	pCode
	pContactInfo
	pContentType
	pCoordinates
	pCountry
	pDuration
	pEncodedRights
	pFeatures
	pFormat
	pGeoJSON
	pGeometry
	pHeight
	pHref
	pLangID
	pLinkedRights
	pLiteral
	pName
	pPOI
	pRel
	pRole
	pSchema
	pScheme
	pSizeInBytes
	pTitle
	pType
	pURI
	pValue
	pVersion
	pWidth
	pX
	pY
)

// fieldNames are the names of the fields of an object, in lower case as
// ninjs 2.x has them, with those of 1.x, for what they are in 3.x.
type fieldNames map[string]struct {
	field field
	name  string
}

var itemNames = fieldNames{
	"altids":             {fAltIDs, "altIds"},
	"associations":       {fAssociations, "associations"},
	"bodies":             {fBodies, "bodies"},
	"body":               {fBodies, "bodies"},
	"by":                 {fBy, "by"},
	"byline":             {fBy, "by"},
	"contentcreated":     {fContentCreated, "contentCreated"},
	"copyrightholder":    {fCopyrightHolder, "copyrightHolder"},
	"copyrightnotice":    {fCopyrightNotice, "copyrightNotice"},
	"descriptions":       {fDescriptions, "descriptions"},
	"description":        {fDescriptions, "descriptions"},
	"ednote":             {fEdNote, "edNote"},
	"embargoed":          {fEmbargoedUntil, "embargoedUntil"},
	"embargoeduntil":     {fEmbargoedUntil, "embargoedUntil"},
	"event":              {fEvents, "events"},
	"events":             {fEvents, "events"},
	"expires":            {fExpires, "expires"},
	"firstcreated":       {fFirstCreated, "firstCreated"},
	"genre":              {fGenres, "genres"},
	"genres":             {fGenres, "genres"},
	"headline":           {fHeadline, "headlines"},
	"headlines":          {fHeadlines, "headlines"},
	"infosource":         {fInfoSources, "infoSources"},
	"infosources":        {fInfoSources, "infoSources"},
	"language":           {fLanguage, "language"},
	"located":            {fLocated, "located"},
	"name":               {fName, "name"},
	"object":             {fObjects, "objects"},
	"objects":            {fObjects, "objects"},
	"organisation":       {fOrganisations, "organisations"},
	"organisations":      {fOrganisations, "organisations"},
	"person":             {fPeople, "people"},
	"people":             {fPeople, "people"},
	"place":              {fPlaces, "places"},
	"places":             {fPlaces, "places"},
	"profile":            {fProfile, "profile"},
	"pubstatus":          {fPubStatus, "pubStatus"},
	"rel":                {fRel, "rel"},
	"renditions":         {fRenditions, "renditions"},
	"representationtype": {fRepresentationType, "representationType"},
	"rightsinfo":         {fRightsInfo, "rightsInfo"},
	"slugline":           {fSlugline, "slugline"},
	"digitalsourcetype":  {fSourceType, "digitalSourceType"},
	"standard":           {fStandard, "standard"},
	"$standard":          {fStandard, "standard"},
	"subject":            {fSubjects, "subjects"},
	"subjects":           {fSubjects, "subjects"},
	"title":              {fTitle, "title"},
	"trustindicator":     {fTrustIndicators, "trustIndicators"},
	"trustindicators":    {fTrustIndicators, "trustIndicators"},
	"type":               {fType, "type"},
	"uri":                {fURI, "uri"},
	"urgency":            {fUrgency, "urgency"},
	"usageterms":         {fUsageTerms, "usageTerms"},
	"version":            {fVersion, "version"},
	"versioncreated":     {fVersionCreated, "versionCreated"},

	// Of the schemas, but of no use to a reader of news.
	"charcount":       {fIgnored, "charCount"},
	"wordcount":       {fIgnored, "wordCount"},
	"mimetype":        {fIgnored, "mimetype"},
	"eventdetails":    {fIgnored, "eventDetails"},
	"plannedcoverage": {fIgnored, "plannedCoverage"},
}

var partNames = fieldNames{
	"address":       {pAddress, "address"},
	"code":          {pCode, "literal"},
	"contactinfo":   {pContactInfo, "contactInfo"},
	"contenttype":   {pContentType, "contentType"},
	"mimetype":      {pContentType, "contentType"},
	"coordinates":   {pCoordinates, "coordinates"},
	"country":       {pCountry, "country"},
	"duration":      {pDuration, "duration"},
	"encodedrights": {pEncodedRights, "encodedRights"},
	"features":      {pFeatures, "features"},
	"format":        {pFormat, "format"},
	"geojson":       {pGeoJSON, "geoJSON"},
	"geometry":      {pGeometry, "geometry"},
	"height":        {pHeight, "height"},
	"href":          {pHref, "href"},
	"langid":        {pLangID, "langId"},
	"linkedrights":  {pLinkedRights, "linkedRights"},
	"literal":       {pLiteral, "literal"},
	"name":          {pName, "name"},
	"poi":           {pPOI, "poi"},
	"rel":           {pRel, "rel"},
	"role":          {pRole, "role"},
	"schema":        {pSchema, "schema"},
	"scheme":        {pScheme, "scheme"},
	"sizeinbytes":   {pSizeInBytes, "sizeInBytes"},
	"title":         {pTitle, "title"},
	"type":          {pType, "type"},
	"uri":           {pURI, "uri"},
	"value":         {pValue, "value"},
	"version":       {pVersion, "version"},
	"width":         {pWidth, "width"},
	"x":             {pX, "x"},
	"y":             {pY, "y"},
}

// Fields names the fields of an item that are read, as ninjs 3.x calls them.
func Fields() []string {
	var names []string
	for _, known := range itemNames {
		if !slices.Contains(names, known.name) {
			names = append(names, known.name)
		}
	}
	slices.Sort(names)
	return names
}

// spelling tells versions of ninjs apart by their names of fields.
type spelling uint8

const (
	singular  spelling = 1 << iota // 1.x: headline
	lowerCase                      // 2.x: versioncreated, and 1.x as well
	camelCase                      // 3.x: versionCreated
)

// major is the version of ninjs whose spelling it is. Where the names tell
// nothing it is the latest.
func (s spelling) major() int {
	switch {
	case s&camelCase != 0:
		return 3
	case s&singular != 0:
		return 1
	case s&lowerCase != 0:
		return 2
	}
	return 3
}

// find looks a name up, in any case of letters.
func (n fieldNames) find(written []byte) (field, string, spelling) {
	var buf [24]byte // no known name is longer
	if len(written) > len(buf) {
		return unknown, "", 0
	}
	lower := buf[:len(written)]
	for i, c := range written {
		if c >= 'A' && c <= 'Z' {
			c |= 0x20
		}
		lower[i] = c
	}
	known, ok := n[string(lower)]
	switch {
	case !ok || known.name == string(lower):
		return known.field, known.name, 0
	case known.name == string(written):
		return known.field, known.name, camelCase
	case strings.EqualFold(known.name, string(lower)) || known.field == fEmbargoedUntil:
		return known.field, known.name, lowerCase
	}
	return known.field, known.name, singular
}
