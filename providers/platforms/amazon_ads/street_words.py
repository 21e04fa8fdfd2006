"""How the words of a street address are shortened, as Amazon Ads wants them before hashing.

Each entry is what is sent, then what it is written as otherwise. Where a country has words of its
own, they count beside the common ones, before or after them.
Source: USPS Publication 28, appendix C, and the rules of Amazon's own uploader,
https://github.com/aws-solutions/amazon-marketing-cloud-uploader-from-aws
"""

from __future__ import annotations

_EVERYWHERE = """
e east; n north; ne northeast; number # no num numero núm número; nw northwest; s so south; se
southeast; sw southwest; w west
"""

_US = """
aly allee alley ally; anx anex annex annx; apt apartment appt; arc arcade; ave av aven avenu
avenue avn avnue; bch beach; bg burg; bgs burgs; bldg building; blf bluf bluff; blfs bluffs;
blvd boul bouled boulv; bnd bend; br branch brnch; brg brdge bridge; brk brook; brks brooks;
bsmt basement; btm bot bottm bottom; byp bypa bypas bypass byps; byu bayoo bayou; cir circ circl
circle crcl crcle; cirs circles; clb club; clf cliff; clfs cliffs; cmn common; cmns commons; cor
corner; cors corners; cp camp cmp; cpe cape; cres crescent crsent crsnt; crk creek; crse course;
crst crest; cswy causeway causwa; ct court; ctr cen cent center centr centre cnter cntr; ctrs
centers; cts courts; curv curve; cv cove; cvs coves; cyn canyn canyon cnyn; dept department; dl
dale; dm dam; dr driv drive drv; drs drives; dv div divide dvd; est estate; ests estates; expy
exp expr express expressway expw; ext extension extn extnsn; exts extensions; fl floor; fld
field; flds fields; fls falls; flt flat; flts flats; frd ford; frds fords; frg forg forge; frgs
forges; frk fork; frks forks; frnt front; frst forest forests; fry ferry frry; ft fort frt; fwy
freeway freewy frway frwy; gdn garden gardn grden grdn; gdns gardens grdns; gln glen; glns
glens; grn green; grns greens; grv grov grove; grvs groves; gtwy gateway gatewy gatway gtway;
hbr harb harbor harbr hrbor; hbrs harbors; hl hill; hls hills; hngr hanger; holw hllw hollow
hollows holws; hts heights ht; hvn haven; hwy highway highwy hiway hiwy hway; inlt inlet; is
island islnd; isle isles; iss islands islnds; jct jction jctn junction junctn juncton; jcts
jctns junctions; knl knol knoll; knls knolls; kys keys; lbby lobby; lck lock; lcks locks; ldg
ldge lodg lodge; lf loaf; lgt light; lgts lights; lk lake; lks lakes; ln lane; lndg landing
lndng; loop loops; lowr lower; mdw meadow; mdws mdw meadows medows; ml mill; mls mills; mnr
manor; mnrs manors; msn mission missn mssn; mt mnt mount; mtn mntain mntn mountain mountin mtin;
mtns mountains; mtwy motorway; nck neck; ofc office; opas overpass; orch orchard orchrd; oval
ovl; park parks prk; path paths; ph penthouse; pike pikes; pkwy parkway parkways parkwy pkway
pkwys pky; pl place; pln plain; plns plains; plz plaza plza; pne pine; pnes pines; pr prairie
prr; prt port; prts ports; psge passage; pt point; pts points; radl rad radial radiel; rd road;
rdg rdge ridge; rdgs ridges; rds roads; riv river rivr rvr; rm room; rnch ranch ranches rnchs;
rpd rapid; rpds rapids; rst rest; rte route; shl shoal; shls shoals; shr shoar shore; shrs
shores; skwy skyway; smt sumit sumitt summit; spc space; spg spng spring sprng; spgs spngs
springs sprngs; spur spurs; sq sqr sqre squ square; sqs sqrs squares; st str street strt; sta
station statn stn; ste suite; stra strav straven stravenue stravn strvn strvnue; strm stream
streme; sts streets; ter terr terrace; tpke trnpk turnpike turnpk; trak track tracks trk trks;
trce trace traces; trfy trafficway; trl trail trails trls; trlr trailer trlrs; trwy throughway;
tunl tunel tunls tunnel tunnels tunnl; un union; uns unions; upas underpass; uppr upper; via
vdct viadct viaduct; vis vist vista vst vsta; vl ville; vlg vill villag village villg villiage;
vlgs villages; vly valley vally vlly; vlys valleys; vw view; vws views; walk walks; way wy; wl
well; wls wells; xing crossing crssng; xrd crossroad; xrds crossroads
"""

_GB = """
alley aly; apt apartment; ave avenue; blvd bouled; centre center ctr; cir circle; close cl; ct
court; dr drive; ln lane; ltd limited; pl place; rd road; square sq; st street
"""

_COMMON = """
ave avenue; blvd bouled; cir circle; cirs circles; ct court; ctr center centre; dr drive; fwy
freeway frwy; hwy highway; ln lane; park parks; pkwy parkway parkways parkwy pkway pkwys pky; pl
place; plz plaza plza; rd road; sq sqr squ square; st str street
"""

_FR = """
allée allee; allées allees; avenue ave; bouled blvd; chemin che; impasse imp; montée montee;
route rte
"""

_ES = """
avenida avd; calle c c/ carre carrer; lugar lg; passeig p paseo pg ps; plaza pl plaza plza pza;
rambla rbla; ronda rda; urbanización urb
"""

_IT = """
corso cso; largo lgo; piazza pza pzza; piazzale ple; piazzetta ptta; viale vle; vicolo vlo
"""


def read(*texts: str) -> dict[str, str]:
    """Return word -> what is sent for it; later texts win."""
    entries = (entry.split() for text in texts for entry in text.split(";"))
    return {word: sent for sent, *words in entries for word in words}


# What an abbreviation of the common ones is, is itself: "st" is never made a "street" of.
BY_COUNTRY = {
    "US": read(_EVERYWHERE, _US),
    "GB": read(_EVERYWHERE, _GB),
    "FR": read(_EVERYWHERE, _FR, _COMMON),
    "ES": read(_EVERYWHERE, _COMMON, _ES),
    "IT": read(_EVERYWHERE, _COMMON, _IT),
}
OTHERWISE = read(_EVERYWHERE, _COMMON)
