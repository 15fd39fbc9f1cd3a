package ninjs

import (
	"strings"
	"sync"
)

// countryCodes are the countries of ISO 3166-1, each as its alpha-2 code
// followed by its alpha-3 code.
const countryCodes = "" +
	"ADAND AEARE AFAFG AGATG AIAIA ALALB AMARM AOAGO AQATA ARARG ASASM ATAUT AUAUS AWABW AXALA " +
	"AZAZE BABIH BBBRB BDBGD BEBEL BFBFA BGBGR BHBHR BIBDI BJBEN BLBLM BMBMU BNBRN BOBOL BQBES " +
	"BRBRA BSBHS BTBTN BVBVT BWBWA BYBLR BZBLZ CACAN CCCCK CDCOD CFCAF CGCOG CHCHE CICIV CKCOK " +
	"CLCHL CMCMR CNCHN COCOL CRCRI CUCUB CVCPV CWCUW CXCXR CYCYP CZCZE DEDEU DJDJI DKDNK DMDMA " +
	"DODOM DZDZA ECECU EEEST EGEGY EHESH ERERI ESESP ETETH FIFIN FJFJI FKFLK FMFSM FOFRO FRFRA " +
	"GAGAB GBGBR GDGRD GEGEO GFGUF GGGGY GHGHA GIGIB GLGRL GMGMB GNGIN GPGLP GQGNQ GRGRC GSSGS " +
	"GTGTM GUGUM GWGNB GYGUY HKHKG HMHMD HNHND HRHRV HTHTI HUHUN IDIDN IEIRL ILISR IMIMN ININD " +
	"IOIOT IQIRQ IRIRN ISISL ITITA JEJEY JMJAM JOJOR JPJPN KEKEN KGKGZ KHKHM KIKIR KMCOM KNKNA " +
	"KPPRK KRKOR KWKWT KYCYM KZKAZ LALAO LBLBN LCLCA LILIE LKLKA LRLBR LSLSO LTLTU LULUX LVLVA " +
	"LYLBY MAMAR MCMCO MDMDA MEMNE MFMAF MGMDG MHMHL MKMKD MLMLI MMMMR MNMNG MOMAC MPMNP MQMTQ " +
	"MRMRT MSMSR MTMLT MUMUS MVMDV MWMWI MXMEX MYMYS MZMOZ NANAM NCNCL NENER NFNFK NGNGA NINIC " +
	"NLNLD NONOR NPNPL NRNRU NUNIU NZNZL OMOMN PAPAN PEPER PFPYF PGPNG PHPHL PKPAK PLPOL PMSPM " +
	"PNPCN PRPRI PSPSE PTPRT PWPLW PYPRY QAQAT REREU ROROU RSSRB RURUS RWRWA SASAU SBSLB SCSYC " +
	"SDSDN SESWE SGSGP SHSHN SISVN SJSJM SKSVK SLSLE SMSMR SNSEN SOSOM SRSUR SSSSD STSTP SVSLV " +
	"SXSXM SYSYR SZSWZ TCTCA TDTCD TFATF TGTGO THTHA TJTJK TKTKL TLTLS TMTKM TNTUN TOTON TRTUR " +
	"TTTTO TVTUV TWTWN TZTZA UAUKR UGUGA UMUMI USUSA UYURY UZUZB VAVAT VCVCT VEVEN VGVGB VIVIR " +
	"VNVNM VUVUT WFWLF WSWSM YEYEM YTMYT ZAZAF ZMZMB ZWZWE "

// countries maps both codes of every country, in capitals, to the alpha-2 code.
var countries = sync.OnceValue(func() map[string]string {
	m := make(map[string]string, 512)
	for code := range strings.FieldsSeq(countryCodes) {
		m[code[:2]] = code[:2]
		m[code[2:]] = code[:2]
	}
	return m
})

// countryOf returns the alpha-2 code of the country that an identifier names,
// or "". An identifier is a bare code in capitals (IN, IND, or a subdivision
// such as IN-KA), or a code within a vocabulary which says that it holds
// countries, as a URI (http://cvx.iptc.org/iso3166-1a3/IND) or with a prefix
// (country:in). Other identifiers that happen to end in two letters name none.
func countryOf(identifier string) string {
	identifier = strings.TrimRight(strings.TrimSpace(identifier), "/")
	cut := strings.LastIndexAny(identifier, "/:#") + 1
	vocabulary, code := strings.ToLower(identifier[:cut]), identifier[cut:]
	if strings.Contains(vocabulary, "iso3166") || strings.Contains(vocabulary, "iso-3166") ||
		strings.Contains(vocabulary, "country") || strings.Contains(vocabulary, "countries") {
		code = strings.ToUpper(code)
	} else if vocabulary != "" {
		return ""
	}
	if country, _, ok := strings.Cut(code, "-"); ok && len(country) == 2 {
		code = country
	}
	return countries()[code]
}
