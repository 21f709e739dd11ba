"""The words by which eight languages name an employer, a job and a person: data for this package.

Every pattern is bounded, so a hostile line costs no more than a long one. The systems that send mail for many
employers are listed so that none of them is named as the employer or written to; nothing is recognised by them.
"""

from __future__ import annotations

import re


def _names(*lines: str) -> frozenset[str]:
    return frozenset(" ".join(lines).split())


def _by_language(tables: dict[str, str]) -> dict[str, frozenset[str]]:
    return {language: frozenset(words.split()) for language, words in tables.items()}


_UPPER = "A-ZÀ-ÖØ-ÞŠŽŁĐĆČ"

# ---- words and names

# Where a name or a title ends: a word, with what hyphens, slashes and endings in brackets tie to it.
_WORD = (
    r"[^\W_]{1,40}(?:(?:/-|[-/&.+]|['’](?!s\b))[^\W_]{1,30}|\((?:[a-zåäö]{1,4}|in|innen)\)){0,6}"
    r"(?:['’]s\b|[:·*_](?:in|innen|e|es|r|euse|trice|ne|ère|rice|se|le|a)\b|[+#*]{1,2})?"
)
WORD = re.compile(f"({_WORD})")
WORD_OR_ELISION = re.compile(rf"((?:(?i:[dlnsjmct]|qu|dell|all|dall|nell|sull|un)['’](?=\w))|{_WORD})")
# The ending for whoever it is: 'Bauleiter:in', 'técnico/a'.
EITHER = re.compile(r"(?:[:·*_/]|/-|\()[a-zäöåèéà]{1,6}\)?$")
PERHAPS_JOINING = _names("i in for für för af da e y et och und and en")
BETWEEN_NAMES = frozenset({" ", "  ", " & ", "-", " + ", "&", ". ", "’ ", "' ", ""})
JOINING = _names(
    "of de du des der für for la le les dos das da do di del della dello dei degli dell' i van von zu y e et und and",
    "och en d' l' the den 't d’ l’ dell’ sul sur voor op",
)
ABBREVIATIONS = _names("st dr prof mr mrs ms sr sra jr no u co bros coop cía cia soc sta sto ste gebr ing av")

# Small words that begin names as well: 'Three Rivers Museum'.
BEGIN_NAMES = _names(
    "one two three four five six great first new good best next open all well last high just only every"
)
# Words that are written with a capital at the beginning of a sentence, and are no part of a name.
SMALL = _by_language(
    {
        "en": (
            "a an the and or but so if as at by for from in into of off on onto to up with without within about"
            " after before during since until till over under between because though although while when where who"
            " whom whose which what why how that this these those there here then than it its it's he she they them"
            " their his her him we we've we're we'll we'd our ours us you you've you're you'll you'd your yours i i'm"
            " i've i'll i'd me my mine am is are was were be been being has have had having do does did done don't"
            " didn't isn't aren't wasn't weren't won't can can't cannot could couldn't should shouldn't would"
            " wouldn't will may might must shall not no yes nor only also too very much many more most some any all"
            " both each every either neither other another such same own just now again still yet ever never soon"
            " already always however unfortunately regretfully sadly regrettably thank thanks dear hi hello hey good"
            " great best kind regards sincerely please sorry congratulations welcome attached following further given"
            " despite based once upon per via re fw fwd ps nb ok okay well one two three four five first second last"
            " next morning afternoon evening today tomorrow yesterday let let's lets see go went got get come came"
            " give gave take took made make think thought know knew hope hoping look looking want wanted need needed"
            " like liked tell told said say ask asked feel felt find found keep kept put call called meet met send"
            " sent apply applied applying received receive regarding concerning reference subject date time name job"
            " position role vacancy post application candidate candidates applicant applicants interview offer"
            " decision status update confirmation receipt invitation feedback result results outcome process"
            " selection recruitment hiring team department office notice letter email mail message page link click"
            " view unsubscribe privacy terms automatic automated reply contact phone tel mobile fax www http https cv"
            " resume résumé salary contract start deadline closing location site room address street road warm wishes"
            " cheers love ms mrs mr miss sir madam mx ladies gentlemen everyone everybody folks guys team's across"
            " through against outside instead whether unless out down back away really quite rather almost few"
            " several lots lot nothing something anything everything nobody somebody someone anyone everyone's"
            " there's here's that's what's he's she's they're they've it'll"
        ),
        "de": (
            "der die das den dem des ein eine einen einem einer eines und oder aber doch denn weil wenn als ob dass"
            " wie wo was wer wen wem wann warum für mit ohne bei von vom zu zum zur in im ins an am ans auf aus nach"
            " vor über unter um durch gegen seit bis wegen trotz während ab ich du er sie es wir ihr uns euch mich"
            " mir dich dir ihn ihm ihnen mein meine dein deine deiner deinen deinem ihre ihrer ihren ihrem ihres"
            " unser unsere unserer unseren unserem sein seine ist sind war waren bin bist hat haben habe hatte hatten"
            " wird werden wurde wurden worden würde würden kann können konnte konnten muss müssen soll sollen sollte"
            " will wollen möchte möchten darf dürfen nicht kein keine keinen auch nur noch schon sehr mehr so da dann"
            " hier dort jetzt nun heute morgen gestern leider danke dank vielen herzlichen guten tag hallo hi hey"
            " moin liebe lieber geehrte geehrter freundliche freundlichen grüße grüßen gruß beste besten viele herr"
            " herrn frau damen bitte gern gerne alles gute erfolg bewerbung bewerbungen stelle stellen position"
            " gespräch termin vorstellungsgespräch angebot absage zusage eingang eingangsbestätigung unterlagen"
            " kennziffer betreff anlage vertrag gehalt start zeit datum uhr raum team abteilung interesse mühe"
            " vertrauen verständnis ihrerseits rahmen zukunft weg schritt schritte rückmeldung rückfragen fragen"
            " antwort nachricht mail e-mail telefon tel mobil link status ergebnis entscheidung auswahl"
            " auswahlverfahren verfahren bewerber bewerberin bewerberinnen kandidat kandidatin kandidaten re aw wg"
            " nachdem trotzdem dennoch allerdings daher deshalb zunächst vorab falls sobald sofern gerade erstmal"
            " montag wir's was's dass'"
        ),
        "fr": (
            "le la les l' un une des du de d' et ou mais donc or ni car que qui quoi dont où quand comme si à au aux"
            " en dans par pour sur sous avec sans chez vers entre après avant depuis pendant malgré je j' tu il elle"
            " on nous vous ils elles me m' te t' se s' lui leur leurs mon ma mes ton ta tes son sa ses notre nos"
            " votre vos ce cet cette ces est sont était étaient suis êtes sommes sera seront serait été être ai as a"
            " avons avez ont avait avoir fait faire peut pouvons pouvez ne n' pas plus moins très trop bien aussi"
            " encore déjà toujours jamais tout tous toute toutes merci bonjour bonsoir salut madame monsieur mme m."
            " chère cher chers chères mesdames messieurs cordialement cdlt sincères salutations respectueuses suite"
            " objet candidature candidatures poste offre entretien entrevue réponse refus décision profil dossier cv"
            " lettre contrat équipe service direction malheureusement désolé désolée félicitations bonne bon courage"
            " continuation attention veuillez prière ci-joint voici voilà cela ça c' ceci rien autre autres même"
            " aujourd'hui demain hier réf référence date heure lieu salle tél re tr fw suivi accusé réception"
            " confirmation invitation convocation proposition résultat résultats recrutement processus y qu' lors"
            " afin ainsi alors cependant toutefois néanmoins quant selon concernant enfin ensuite puis"
        ),
        "es": (
            "el la los las lo un una unos unas y e o u pero sino que quien cual cuando donde como si a al ante con"
            " contra de del desde en entre hacia hasta para por según sin sobre tras yo tú vos usted ustedes él ella"
            " ellos ellas nosotros me te se nos os le les mi mis tu tus su sus nuestro nuestra nuestros nuestras este"
            " esta estos estas ese esa eso esto aquel es son era eran soy eres somos fue fueron ser sido estar está"
            " están estamos ha han he hemos has había haber hay tiene tienen tengo tenemos puede pueden podemos no ni"
            " sí también tampoco muy más menos mucho muchas muchos ya aún todavía siempre nunca todo toda todos todas"
            " gracias hola buenos buenas días tardes noches estimado estimada estimados estimadas apreciado querido"
            " querida saludos saludo cordial cordiales atentamente atte lamentablemente desafortunadamente lamentamos"
            " felicidades enhorabuena asunto candidatura postulación solicitud puesto vacante oferta entrevista"
            " proceso selección respuesta resultado decisión perfil cv currículum contrato equipo área departamento"
            " hoy mañana ayer señor señora sr sra srta d. dª don doña re rv ref referencia fecha hora lugar sala tel"
            " confirmación invitación actualización estado propuesta quedamos quedo favor otra otro otros otras mismo"
            " misma luego entonces así además durante después antes mientras aunque porque"
        ),
        "nl": (
            "de het een 't en of maar want dus omdat als dat die dit deze wie wat waar wanneer hoe waarom aan achter"
            " bij binnen boven buiten door in met na naar om onder op over per sinds te ten ter tot tussen uit van"
            " vanaf via voor volgens zonder ik jij je u hij zij ze wij we jullie mij me jou hem haar ons hen hun mijn"
            " jouw uw onze is zijn was waren ben bent wordt worden werd werden heeft hebben heb hebt had hadden kan"
            " kunnen kon konden moet moeten mag mogen zal zullen zou zouden wil willen niet geen ook nog al wel er"
            " hier daar nu dan toen straks vandaag morgen gisteren helaas bedankt dank beste geachte hallo hoi hi hey"
            " dag goedemorgen goedemiddag lieve groet groeten groetjes vriendelijke hartelijke sollicitatie"
            " sollicitaties functie vacature baan gesprek kennismaking aanbod afwijzing bevestiging ontvangst"
            " uitnodiging uitslag procedure selectie status update contract team afdeling heer mevrouw mevr dhr"
            " meneer re antw fw betreft onderwerp referentie datum tijd locatie tel veel succes goed graag fijn leuk"
            " jammer sorry proficiat gefeliciteerd welkom zodra hoewel echter daarom toch even"
        ),
        "sv": (
            "en ett den det de dem denna detta dessa och eller men för så att som om när där var vad vem hur varför"
            " av från till på i in med utan hos vid mellan under över efter före innan sedan genom mot inom jag du"
            " han hon hen vi ni mig dig honom henne oss er min mitt mina din ditt dina sin sitt sina vår vårt våra"
            " ert era är varit vara blir blev blivit har hade haft kan kunde ska skall skulle vill ville måste får"
            " fick inte ej ingen inget inga också även bara redan ännu nu då sen idag imorgon igår tyvärr tack hej"
            " hejsan tjena hallå god bästa kära käre hälsningar vänliga vänligen mvh vänlig hälsning ansökan tjänst"
            " tjänsten roll rollen jobb jobbet anställning intervju erbjudande besked beslut svar bekräftelse"
            " rekrytering rekryteringen urval process status avtal lön team enhet avdelning sv vb re ang angående"
            " ärende datum tid plats tel lycka stort många mycket flera alla alltid aldrig nästa varmt välkommen"
            " grattis därför eftersom trots dock däremot dessutom medan samt vidare enligt"
        ),
        "pt": (
            "o a os as um uma uns umas e ou mas porém que quem qual quando onde como se de do da dos das em no na"
            " nos nas num numa por pelo pela pelos pelas para pra pro com sem sob sobre entre até desde após ante"
            " contra segundo eu tu você vocês ele ela eles elas nós me te lhe lhes meu minha teu tua seu sua seus"
            " suas nosso nossa nossos nossas este esta estes estas esse essa isso isto aquele é são era eram sou"
            " somos foi foram ser sido está estão estamos estar tem têm temos tinha ter há pode podem podemos não nem"
            " sim também muito muita muitos mais menos já ainda sempre nunca tudo todo toda todos todas obrigado"
            " obrigada olá oi bom boa dia tarde noite prezado prezada prezados caro cara caros estimado estimada exmo"
            " exma senhor senhora sr sra dr dra atenciosamente cumprimentos abraço abraços att infelizmente"
            " lamentamos parabéns assunto candidatura inscrição vaga cargo posição oferta proposta entrevista"
            " processo seletivo seleção resposta resultado decisão perfil currículo contrato equipe equipa hoje"
            " amanhã ontem re res enc ref referência data hora local sala tel confirmação convite atualização estado"
            " status ao aos à às outro outra outros outras mesmo mesma depois antes durante enquanto embora porque"
            " pois assim além recrutamento"
        ),
        "it": (
            "il lo la i gli le l' un uno una un' e ed o ma però che chi cui quale quando dove come se di del dello"
            " della dell' dei degli delle a al allo alla all' ai agli alle da dal dallo dalla dall' in nel nello"
            " nella nell' nei negli nelle con su sul sullo sulla sull' sui per tra fra io tu lui lei noi voi loro mi"
            " ti ci vi si me te ne mio mia miei tuo tua tuoi suo sua suoi nostro nostra nostri nostre vostro vostra"
            " questo questa questi queste quello quella è sono era erano sei siamo siete fu stato stata essere ha"
            " hanno ho hai abbiamo avete aveva avere c'è può possono possiamo non né sì anche molto molti più meno"
            " già ancora sempre mai tutto tutta tutti tutte grazie buongiorno buonasera ciao salve gentile gentili"
            " egregio egregia spettabile caro cara carissimo carissima cordiali distinti saluti cordialmente"
            " purtroppo complimenti congratulazioni oggetto candidatura domanda posizione ruolo offerta colloquio"
            " selezione risposta esito decisione profilo cv curriculum contratto ufficio oggi domani ieri signor"
            " signora sig dott dottoressa dottore re rif r ris riferimento data ora luogo sala tel conferma invito"
            " aggiornamento proposta altro altra altri altre stesso stessa poi prima dopo durante mentre perché"
            " quindi così inoltre tuttavia presso verso"
        ),
    }
)
WHEN = _names(
    "janvier février mars avril juin juillet août septembre octobre novembre décembre enero febrero marzo abril mayo",
    "junio julio agosto septiembre octubre noviembre diciembre januari februari maart mei augustus maj augusti",
    "janeiro fevereiro março maio junho julho setembro outubro novembro dezembro gennaio febbraio aprile maggio",
    "giugno luglio settembre ottobre dicembre monday tuesday wednesday thursday friday saturday sunday january",
    "february march april may june july august september october november december montag dienstag mittwoch",
    "donnerstag freitag samstag sonntag januar februar märz mai juni juli oktober dezember lundi mardi mercredi",
    "jeudi vendredi samedi dimanche lunes martes miércoles jueves viernes sábado domingo maandag dinsdag woensdag",
    "donderdag vrijdag zaterdag zondag måndag tisdag onsdag torsdag fredag lördag söndag segunda terça quarta quinta",
    "sexta lunedì martedì mercoledì giovedì venerdì sabato domenica jan feb mar apr jun jul aug sept sep oct nov dec",
    "mon tue tues wed thu thur thurs fri sat sun christmas easter spring summer autumn winter",
)
NO_COMPANY = _names(
    "us our the team you your this that it company position role job jobs career careers future zoom teams",
    "googlemeet google meet skype microsoft word excel pdf video all time least which i we hr rrhh rh english german",
    "french spanish dutch swedish portuguese italian full progress europe germany france spain portugal italy sweden",
    "netherlands uk usa eu berlin london paris madrid lisbon lisboa amsterdam stockholm münchen munich hamburg",
    "remote hybrid senior junior mid no yes my ats ceo cfo cto coo hq pto nda dbs ielts gmt cet bst cest est pst utc",
    "gdpr dsgvo rgpd lgpd covid covid-19 ps fyi asap eur gbp usd sek chf k am pm kl uhr id nr ref req linkedin",
    "whatsapp github python java sql aws sap cad outlook calendar board panel committee commission jury council",
    "personal user human resources ressources humaines recursos humanos risorse umane",
)
LEGAL_FORMS = _names(
    "mbb asbl epe sac sau slu cv sapi scl sccl pvt pte gmbh ggmbh ag se kg ohg mbh ug eg ev inc ltd limited llc llp",
    "plc corp sa sas sarl srl sl spa bv nv ab kb as oy aps lda ltda pty aör eurl sasu scs coop oyj asa sprl bvba vof",
)

# ---- an employer

GREETING = _names(
    "dear hi hello hey hallo hej hoi dag beste liebe lieber geehrte geehrter moin servus cher chère bonjour salut",
    "hola estimado estimada querido querida olá oi prezado prezada caro cara ciao gentile kära käre egregio tack",
    "thanks thank danke merci gracias bedankt obrigado obrigada grazie sorry",
)
TITLES = _names(
    "mr mrs ms mx dr prof herr herrn frau mme mlle m. madame monsieur sr sra srta don doña dott dott.ssa ing sig",
    "signor signora avv dhr mevr mevrouw meneer fru sir miss professor dra eng captain capt chief lieutenant lt",
    "commander sergeant sister father doctor",
)

# Words that stand directly before an employer, an article aside.
AT_COMPANY = _names("at joining join bei beim chez bij hos presso @ junto rejoindre integrarte incorporarte")
BY_COMPANY = _names(
    "with within to from for by in of en na no nas nos pela pelo à au ao van von der till på för av di de da do du",
    "del della per con mit für zur zum met voor aan door med para por sur via dans",
)
# 'the company Acme', 'Employer: Acme'
COMPANY_NOUNS = _names(
    "company employer client organisation organization firm firma unternehmen arbeitgeber kunde kunden entreprise",
    "société employeur entité empresa empleador cliente entidad bedrijf werkgever opdrachtgever klant företaget",
    "företag arbetsgivare empregador entidade azienda società ente datore committente",
)
# What an employer does at the beginning of a sentence: 'Acme has invited you'.
# Words by which an agency speaks of the employer it works for.
CLIENT = _names(
    "client clients kunde kunden kund mandant mandanten auftraggeber auftraggebers opdrachtgever klant cliënt kundens",
    "uppdragsgivare uppdragsgivaren cliente clientes committente mandante entreprise-cliente",
)
# Whom an agency speaks to: 'the hiring manager at Acme'.
SPOKEN_TO = CLIENT | _names(
    "manager managers director team panel boss owner ceo founders founder geschäftsführung personalleiter leitung",
    "directeur directrice responsable gerente equipo équipe équipes equipe direttore titolare chefen chef people",
)
# What begins the name of a public body, before 'of': 'Department of Transport'.
OFFICES = _names("department office direction secretaría secretaria ufficio centre center board division service team")
OF_OFFICE = _names("of for de del della do da des du")
# What ends the name of an agency, and of a desk in any other house: 'Lighthouse Recruitment'.
TRADES = _names("recruitment recruiting talent talents talento personal people resourcing selección rekrytering system")
# What ends the name of a public body in small letters: 'Hjortsjö kommun'.
INSTITUTIONS = (
    "kommun", "bibliotek", "universitet", "högskola", "skola", "museum", "sjukhus", "församling", "teater", "stift",
    "tingsrätt", "bageri", "bryggeri", "lasarett",
)  # fmt: skip
ACTING = _names(
    "has have is invites invited thanks would will uses requires asks wants regrets does received appreciates cannot",
    "hat ist lädt bittet möchte sucht dankt freut a vous est souhaite remercie recherche ha está le te invita busca",
    "agradece desea quiere heeft nodigt zoekt wil bedankt har är bjuder söker vill tackar tem convida procura deseja",
    "cerca ringrazia vuole ti desidera",
)
ARTICLES = _by_language(
    {
        "en": "the a an our",
        "de": "der die das den dem ein eine einen einer eines unser unsere unserer unserem",
        "fr": "le la les l' l’ un une notre nos",
        "es": "el la los las un una nuestro nuestra",
        "nl": "de het een 't onze ons",
        "sv": "en ett den det vår vårt ny nya",
        "pt": "o a os as um uma nosso nossa",
        "it": "il lo la i gli le l' l’ un uno una un' nostro nostra",
    }
)
BARE_ARTICLES = _names("the el la le los las les il lo l' l’ i gli")
APPLYING = (
    "appl", "candida", "bewerb", "bewarb", "bewirb", "beworb", "postul", "sollicit", "ansök", "sökt", "inscri",
    "interes", "intér", "intress", "position", "posición", "posição", "posizione", "puesto", "vacan", "vaga", "vacat",
    "role", "ruolo", "rol", "tjänst", "stelle", "functie", "poste", "job", "interview", "intervist", "intervju",
    "entrevist", "entretien", "gespräch", "gesprek", "colloqui", "recruit", "recrut", "rekryt", "selec", "selez",
    "career", "opportunit", "consider", "behalf", "offer", "ofert", "angebot", "welcome", "willkommen", "välkommen",
    "bienven", "benvenut", "bem-vind", "welkom",
)  # fmt: skip
INSTITUTION = _names(
    "garage pub café cafe brewing coffee kitchen house press books bookshop records films filmes productions garden",
    "gardens nursery care homes housing healthcare dental veterinary surgery practice court police fire navy army",
    "force airport airways harbour port railway transport logistics shipping motors mobility insurance mutual",
    "capital ventures résidence résidences association coopérative coop boulangerie pâtisserie musée théâtre",
    "mutuelle domaine maison atelier taller panadería bodega bodegas viñas cerámicas conservas refacciones fundación",
    "asociación cooperativa parque agencia padaria confeitaria ateliê lar lares centro construções transportes",
    "papeleira corticeira quinta herdade cervejaria trattoria ristorante pasticceria panificio cantina cantine",
    "cartiera tessitura autotrasporti parco casa teatro museo waterschap woningcorporatie gasthuis lyceum brouwerij",
    "hoveniers uitgeverij theater bibliotheek gemeentehuis rechtbank bageri bryggeri hotell sjukhus skola förskola",
    "gymnasium stift församling myndigheten länsstyrelsen advokatfirman tandvård gärtnerei brauerei spedition",
    "maschinenbau gartenbau reederei apotheke landratsamt bezirksregierung ministerium gmbh druckerei tischlerei hof",
    "bauunternehmen pflegedienst diakonie caritas lebenshilfe verkehrsbetriebe sparkasse volksbank university",
    "college school academy institute institution hospital hospitals clinic council county city town borough",
    "district department ministry authority agency trust foundation society museum library theatre church bank group",
    "holdings partners associates solicitors hotel hotels restaurant bakery brewery farm farms studio studios labs",
    "laboratories systems solutions technologies software energy foods pharma airlines rail media games universität",
    "hochschule klinikum klinik krankenhaus stadt landkreis gemeinde kreis amt bundesamt landesamt verlag stadtwerke",
    "werke bäckerei kanzlei praxis stiftung verein schule kita seniorenheim université école lycée collège hôpital",
    "mairie ville préfecture département région groupe cabinet clinique universidad universidade università clínica",
    "ayuntamiento gobierno ministerio colegio escuela instituto grupo banco farmacia câmara prefeitura município",
    "secretaria escola faculdade colégio associação fundação comune azienda ospedale istituto liceo scuola gruppo",
    "banca fondazione officina officine universiteit hogeschool ziekenhuis gemeente provincie stichting zorggroep",
    "zorg bakkerij universitet universitetet högskolan kommun kommunen region regionen landsting sjukhuset skolan",
    "förskolan bolaget verket stiftelsen co company ag inc ltd llc llp plc ab bv nv srl spa sas",
)
AGENCY = re.compile(
    r"(?i)search|talent|recrui|staffing|personal|headhunt|executive|interim|cabinet|werving|bemanning|rekryter|selec"
    r"|selez|consult|hire|hiring|resourc|people"
)
# Parts of a domain that tell of a service for many employers rather than of an employer.
SERVICE = re.compile(
    r"ats\b|\bats|hire|hiring|jobs?\b|\bjob|recruit|recrut|talent|test|assess|apply|career|-mail|mail\b|post\b|portal"
    r"|sched|screen|check|score|skill|quiz|exam|prov|pruebas|eval|notif|board|calend|messag|hub\b|cv|search|staff|headhunt|executive|consult|personal|select|selec|selez|bemanning|rekryt"
    r"|werving|hr\b|interim|agency|agence|interview|slots|code|rank|invite|video|background|verif"
)

# ---- a job

# What ends, or begins, in such a way names a job, in its language; the English ones are used in all.
JOBS = _by_language(
    {
        "en": (
            "accountant* actuar* adjuster* administrator* adviser* advisor* advocate* agent* aide* ambassador*"
            " analyst* animator* apprentic* aquarist* arborist* archaeologist* architect* archivist* arranger*"
            " artist* assembler* assessor* assistant* associate* attendant* attorney* auditor* author* baker* banker*"
            " barber* barista* barrister* bartender* befriend* biologist* boilersmith* bookkeeper* bookseller*"
            " botanist* brewer* bricklayer* broker* builder* butcher* buyer* captain* caretaker* carer carers"
            " cartwright* carpent* caseworker* cashier* cataloguer* caterer* chaplain* chauffeur* chef chefs chemist*"
            " chief choreographer* cleaner* clerk* clerkship* coach coaches collector* columnist* commander*"
            " commissioner* companion* compositor* concierge* conductor* conservator* constable* consultant*"
            " controller* cook cooks coordinator* co-ordinator* copywriter* coroner* correspondent* counsel counsell*"
            " counselor* courier* crew curator* cutter* dancer* dean declarant* deckhand* dentist* deputy designer*"
            " dev devs developer* devops dietitian* director* directorship* dispatch* diver divers doctor* doctoral"
            " draughts* dressmaker* driver* drummer* ecologist* economist* editor* educator* electrician* engineer"
            " engineers enforcement estimator* evaluator* examiner* executive* expert* fabricator* facilitator*"
            " farmer* fellow* firefighter* fitter* florist* foreman* forester* fundrais* gardener* generalist"
            " geograph* geologist* geoscientist* glazier* goldsmith* gp gps groom groundsman groundskeeper* guard"
            " guards guide guides hairdresser* handler* handyman head headteacher* helper* hiring-manager historian*"
            " horticultur* host hostess housekeep* hydrograph* hydrolog* hygienist* illustrat* inspector* installer*"
            " instructor* intern interns internship* interpreter* investigator* janitor* jeweller* joiner*"
            " journalist* judge keeper* labourer* laborer* landscaper* landman lawyer* lead leader* lecturer*"
            " librarian* lifeguard* lineman linguist* locksmith* logistician* luthier* machinist* magistrate* maid"
            " maker* manager* marketer* mason mate mates mathematician* mechanic mechanics mediator* melter* member"
            " mentor* merchandis* metallurg* meteorolog* microbiolog* midwife midwives millwright* miner model"
            " modeller* moderator* monitor moulder* musician* nanny navigator* negotiator* neurolog* nurse* notary"
            " nutritionist* observer* officer* operative* operator* optician* optometrist* orderly organiser*"
            " organist* packer* painter* paralegal* paramedic* partner pastry patholog* pharmacist* phd photographer*"
            " physician* physicist* physio physiotherap* pianist* picker* pilot* planner* plasterer* plumber*"
            " podiatrist* porter* postdoc* practitioner* presenter* president principal printer* probation processor*"
            " producer* professor* programmer* projectionist* proofreader* psycholog* publicist* pupillage*"
            " radiograph* radiolog* ranger* receptionist* recruiter* rector registrar* reporter* rep representative*"
            " researcher* residency reviewer* rider* rigger* roofer* runner* sailor* salesperson* saleswoman salesman"
            " scheduler* scholar* scientist* sculptor* seamstress* secretar* seller* setter* shepherd* shipwright*"
            " smith solicitor* sommelier* sonograph* specialist* sre statistician* steward* stocker* storekeeper*"
            " strategist* student* studentship* stylist* superintend* supervisor* surgeon* surveyor* sysadmin tailor*"
            " teacher* technician* technologist* teller* tester* therapist* toolmaker* trader* trainee* traineeship"
            " trainer* translator* treasurer* tutor* typist* undercover underwriter* understudy upholster* usher*"
            " veterinar* vicar* videograph* volunteer* waiter* waitress* warden* watchmaker* weaver* welder*"
            " winemaker* worker* writer* zookeeper* ceo cfo coo cto cio cmo ciso vp md gm hca rgn rn lpn emt pa dba"
            " *ologist *grapher *engineer *keeper *wright tech techs *worker *master *maker *smith frontend backend"
            " fullstack full-stack front-end back-end placement traineeships chair lectureship* professorship*"
            " graduate programme"
        ),
        "de": (
            "*ingenieur *ingenieurin *leiter *leiterin *leitung *berater *beraterin *entwickler *entwicklerin"
            " *techniker *technikerin *mechaniker *mechanikerin *mechatroniker* *elektroniker* *elektriker* *fachmann"
            " *fachfrau *fachkraft *fachkräfte *kaufmann *kauffrau *kaufleute *angestellte *angestellter *assistent"
            " *assistentin *assistenz *helfer *helferin *pfleger *pflegerin *arzt *ärztin *meister *meisterin *fahrer"
            " *fahrerin *führer *führerin *lehrer *lehrerin *lehrkraft *pädagoge *pädagogin *sachbearbeiter"
            " *sachbearbeiterin *sachbearbeitung *referent *referentin *referendar* *redakteur *redakteurin *koch"
            " *köchin *bäcker *bäckerin *verkäufer *verkäuferin *verkauf *manager *managerin *professur *professorin"
            " *praktikum *praktikant* *volontariat *volontär* *trainee* *aushilfe *werkstudent* *konstrukteur*"
            " *planer *planerin *prüfer *prüferin *controller *controllerin controlling *buchhalter *buchhalterin"
            " *buchhaltung *jurist *juristin *anwalt *anwältin *anwärter *anwärterin *disponent *disponentin"
            " *lagerist *lageristin *monteur *monteurin *schlosser *schweißer *installateur* *hausmeister* *sekretär"
            " *sekretärin *sozialarbeit *sozialarbeiter* *therapeut *therapeutin *wissenschaftler* *forscher"
            " *forscherin *doktorand* *promotionsstelle *postdoc* *laborant *laborantin *chemiker* *physiker*"
            " *informatiker* *programmierer* *architekt *architektin *designer *designerin *texter *texterin *lektor*"
            " *lektorat *übersetzer* *übersetzung *dolmetscher* *dozent *dozentin *erzieher *erzieherin *betreuer"
            " *betreuerin *betreuung *pilot *pilotin *schaffner* *wart *wärter *wärterin *förster *försterin *gärtner"
            " *gärtnerin *tischler* *schreiner* *maurer* *polier *polierin *maler *malerin *former *formerin *brauer*"
            " *mälzer* *winzer* *metzger* *friseur* *kosmetiker* *zimmerer* *zimmermann *dachdecker* *geselle"
            " *gesellin *azubi *auszubildende* *ausbildung *minijob *mitarbeiter *mitarbeiterin *mitarbeit *kraft"
            " *kräfte *beauftragte *beauftragter *koordinator* *koordination *spezialist* *analyst* *aktuar*"
            " *bibliothekar* *kurator* *organist* *dramaturg* *regieassist* *hebamme *sanitäter* *gehilfe *gehilfin"
            " *begleiter* *begleitung *vorstand *geschäftsführ* *chef *chefin *direktor* *präsident* *rektor*"
            " *inspektor* *kommissar* *polizist* *portier* *kellner* *steward* *disposition *studium *technolog*"
            " *registrar* *patin *pate *zfa *mfa *mtla *mta *tfa *programmierung *dienstleiter* *trainer *trainerin"
            " *coach *tester *testerin *redaktion *fahrdienst *vertrieb *personal *lohnverrechner* *fachperson"
            " *wärter* *konditor* *beamte* *beamtin *optiker* *steller *former* *bauer *macher *handwerker* *hilfe"
            " *reinigung *hauswirtschaft* *stelle"
        ),
        "fr": (
            "accompagnant* acheteu* actuaire* administrat* agent* agente* agriculteur* aide aide-* alternance"
            " alternant* animateu* animatri* analyste* apprenti* architecte* archiviste* artisan* assistant*"
            " assistanat* atsem attaché* auditeur* auxiliaire* avocat* barman* bénévole* bibliothécaire* boucher*"
            " boulanger* cadre caissi* cariste* caviste* chargé* chauffeur* chef cheffe chefs chercheu* chimiste*"
            " clerc* coiffeu* collaborat* comédien* commercial* commis comptable* concepteu* conceptrice* conducteur*"
            " conductrice* conseiller* conseillère* conservateur* consultant* contrôleur* contrôleuse* coordinat*"
            " coordonnat* correspondant* couvreur* cuisinier* cuisinière* cultivateur* dessinateur* développeu*"
            " directeur* directrice* doctorant* doctorat documentaliste* éboueur* éducat* électricien*"
            " électromécanicien* employé* encadrant* enseignant* ergothérapeute* exploitant* expert* facteur*"
            " formateu* formatrice* fleuriste* gardien* géologue* géomètre* gérant* gestionnaire* graphiste* grutier*"
            " guide* horloger* hôte* hôtesse* ide ibode imprimeur* infirmier* infirmière* informaticien* ingénieur*"
            " inspecteur* inspectrice* installateur* intervenant* jardinier* journaliste* juriste* kinésithérapeute*"
            " laborantin* libraire* livreur* logisticien* maçon* magasinier* maître* maîtresse* manipulat*"
            " manutentionnaire* mécanicien* mécano médecin* médiat* médiathécaire* menuisier* monitrice* moniteur*"
            " monteur* nettoyeur* notaire* opérateur* opératrice* opticien* orthophoniste* ouvrier* ouvrière*"
            " paysagiste* pâtissier* peintre* pharmacien* photographe* physicien* physiothérapeute* pilote*"
            " planificateur* plombier* plongeur* pompier* poseur* postdoctorant* pré-doctorant* préparat* préposé*"
            " président* producteur* professeur* programmeu* projectionniste* psychologue* psychomotricien*"
            " rédacteur* rédactrice* régisseu* relecteur* réceptionniste* responsable* sage-femme sapeur*"
            " sapeur-pompier* second secrétaire* sculpteur* serveu* soigneu* soignant* soudeu* stage stagiaire*"
            " steward* surveillant* tailleur* taxateur* technicien* technicienne* téléconseiller* trad* traduct*"
            " travailleu* tuteur* tourier* vacataire* vendeu* veilleur* vétérinaire* vigneron* viticult* volontaire*"
            " webmestre *ologue *graphe *thérapeute"
        ),
        "es": (
            "abogad* actor actriz actuario* administrador* administrativ* agente* agrónom* albañil* almacener*"
            " analista* animador* aparejador* aprendiz* archivista* arquitect* arqueólog* artesan* artista* asesor*"
            " asistente* asociad* auditor* auxiliar* ayudante* azafat* barista* barman* becari* bibliotecari* biólog*"
            " bombero* cajer* camarer* camillero* capataz* cargador* carnicer* carpinter* carretiller* catalogador*"
            " celador* chapista* chef chofer* chófer* científic* clasificador* coach cociner* comercial* conductor*"
            " conserje* consultor* contable* contador* controlador* coordinador* coordinación corrector* costurer*"
            " creador* cuidador* delegad* delineante* dentista* dependient* desarrollador* dietista* director*"
            " directora* diseñador* docente* ecónom* economista* editor* educador* ejecutiv* electricista* encargad*"
            " enfermer* enfermería enólog* especialista* estilista* farmacéutic* fisioterapeuta* florista* fontaner*"
            " formador* fotógraf* fresador* funcionari* geólog* gerente* gestor* gobernanta* grabador* gruista*"
            " guardia* guía* higienista* informátic* ingenier* inspector* instalador* instructor* integrador*"
            " intérprete* investigador* jardiner* jef* juez* laboratorista* lector* limpiador* líder* locutor*"
            " logopeda* maestr* manager maquinista* maquillador* masajista* matrona* matricer* mecánic* mecanic*"
            " mediador* médic* mercaderista* monitor* montador* mozo* moza* músic* niñer* nutricionista* odontólog*"
            " oficial* operador* operari* optometrista* orientador* panader* pasante* pasteler* peluquer* peón*"
            " periodista* perit* piloto* pintor* planificador* podólog* policía* portero* practicante* prácticas"
            " presentador* productor* profesional* profesor* programador* promotor* psicólog* psicopedagog*"
            " publicista* químic* realizador* recepcionista* redactor* regidor* reponedor* repositor* repartidor*"
            " representante* residente* responsable* sanitari* secretari* segurata sociólog* socorrista* soldador*"
            " sommelier* sumiller* supervisor* sastre* tasador* teleoperador* terapeuta* titular* tornero*"
            " trabajador* traductor* transportista* tripulante* tutor* vendedor* veterinari* vigilante* visitador*"
            " voluntari* zootecnista* *ólogo *óloga becas beca"
        ),
        "nl": (
            "*medewerker *medewerkster *adviseur *adviseuse *leider *leidster *leiding *manager *beheerder"
            " *ontwikkelaar *ontwerper *monteur *technicus *operator *planner *voorbereider *verpleegkundige"
            " *verzorgende *verzorger *arts *apotheker *assistent *assistente *leerkracht *leraar *lerares *docent"
            " *docente *onderzoeker *promovendus *promovenda *postdoc *stagiair *stagiaire *stage *traineeship"
            " *trainee *vrijwilliger *vrijwilligster *beveiliger *chauffeur *bezorger *koerier *kok *bakker *slager"
            " *kapper *schoonmaker *schilder *timmerman *metselaar *lasser *elektricien *loodgieter *hovenier"
            " *tuinman *boer *visser *machinist *conducteur *piloot *steward *stewardess *redacteur *journalist"
            " *schrijver *vertaler *tolk *jurist *advocaat *notaris *griffier *rechter *secretaris *secretaresse"
            " *directeur *directeurschap *bestuurder *voorzitter *lid *hoofd *coördinator *coordinator *specialist"
            " *consultant *analist *controller *boekhouder *accountant *inkoper *verkoper *verkoopster"
            " *winkelmedewerker *vakkenvuller *kassière *caissière *receptionist *receptioniste *conciërge *handhaver"
            " *inspecteur *agent *brandweer* *militair *begeleider *begeleidster *hulpverlener *werker *werkster"
            " *therapeut *fysiotherapeut *psycholoog *pedagoog *deskundige *verantwoordelijke *architect *tekenaar"
            " *constructeur *ingenieur *programmeur *tester *engineer *conservator *archivaris *bibliothecaris *gids"
            " *gastheer *gastvrouw *ober *serveerster *barista *behandelaar *acceptant *marketeer *communicatie*"
            " *trainer *coach *opleider *leerling *maker *bouwer *wever *smid *drukker *vormgever *fotograaf *musicus"
            " *hoboïst *raad *handhaving *jobstudent"
        ),
        "sv": (
            "*ingenjör *tekniker *mekaniker *elektriker *montör *snickare *svetsare *målare *murare *plåtslagare"
            " *smed *förare *chaufför *lastbilschaufför *pilot *kapten *matros *skötare *sköterska *sjuksköterska"
            " *undersköterska *barnmorska *läkare *tandläkare *hygienist *terapeut *psykolog *kurator *pedagog"
            " *lärare *lektor *doktorand *doktorandtjänst *postdok *forskare *professor *rektor *biträde *vårdbiträde"
            " *assistent *handläggare *utredare *sekreterare *administratör *samordnare *koordinator *ledare"
            " *projektledare *chef *direktör *föreståndare *ansvarig *controller *ekonom *revisor *redovisning*"
            " *inköpare *säljare *butikssäljare *medarbetare *konsult *rådgivare *strateg *analytiker *utvecklare"
            " *programmerare *arkitekt *designer *formgivare *kommunikatör *journalist *redaktör *producent *fotograf"
            " *översättare *tolk *jurist *notarie *advokat *åklagare *polis *brandman *väktare *vakt *vaktmästare"
            " *lokalvårdare *städare *kock *bagare *konditor *servitör *servitris *bartender *receptionist *värd"
            " *värdinna *guide *bibliotekarie *arkivarie *konservator *kantor *organist *präst *diakon *husmor"
            " *operatör *processoperatör *tränare *instruktör *volontär *praktikant *trainee *lärling *elev *frisör"
            " *skräddare *sömmerska *trädgårdsmästare *mästare *fiskare *bonde *inspektör *besiktningsman *reglerare"
            " *aktuarie *planerare *ställare *mäklare *optiker *apotekare *farmaceut *veterinär *djurskötare"
            " *konsulent *personal *vikarie *tjänst *originalare *speditör *orderplock *traineeprogram* *skribent"
            " *lots *styrman *maskinist *konduktör *bud"
        ),
        "pt": (
            "advogad* administrador* administrativ* agente* agrônom* agrónom* ajudante* almoxarife* analista*"
            " animador* apresentador* aprendiz* arquitet* arquivista* artista* assessor* assistente* atendente* ator"
            " atriz auditor* autor* auxiliar* babá* balconista* bancári* barbeir* barista* barman* bibliotecári*"
            " biólog* bolsa bolseir* bolsista* bombeir* cabeleireir* caixa camareir* canalizador* carpinteir*"
            " carteir* catalogador* chefe* chef cientista* comandante* comercial* comissári* comprador* concierge*"
            " conferente* confeiteir* conselheir* conservador* consultor* contabilista* contador* controlador*"
            " coordenador* coordenação copeir* corretor* costureir* cozinheir* cuidador* dentista* desenhador*"
            " desenhista* desenvolvedor* designer* despachante* diretor* director* diretoria docente* doutorado"
            " doutoramento doutorand* economista* editor* educador* electricista* eletricista* eletricist* encanador*"
            " encarregad* enfermeir* enfermagem engenheir* enólog* entregador* especialista* estagiári* estágio"
            " esteticista* farmacêutic* faxineir* ferramenteir* fiscal* fisioterapeuta* formador* fotógraf* fresador*"
            " funcionári* garçom garçonete geólog* gerente* gestor* guarda* guia* higienista* inspetor* inspector*"
            " instalador* instrutor* intensivista* intérprete* investigador* jardineir* jornalista* jurista* lavador*"
            " líder* locutor* maestr* manobrista* maquilhador* maquiador* maquinista* marceneir* marinheir* mecânic*"
            " mediador* médic* mestre* monitor* montador* mordomo motorista* músic* nutricionista* oficial*"
            " oficineir* operador* operári* orientador* padeir* palestrante* pasteleir* pedagog* pedreir* pescador*"
            " pesquisador* pianista* piloto* pintor* planejador* porteir* produtor* professor* programador*"
            " projetista* promotor* psicólog* psicopedagog* químic* recepcionista* rececionista* redator* redactor*"
            " regente* repositor* repórter* representante* responsável* revisor* roteirista* secretári* segurança*"
            " serralheir* servente* sócio* soldador* subgerente* supervisor* tapeceir* técnic* tecelã* telefonista*"
            " terapeuta* torneir* trabalhador* tradutor* trainee* tratador* tripulante* tutor* vendedor* veterinári*"
            " vigilante* vistoriador* voluntári* zelador* *ólogo *óloga jovem-aprendiz"
        ),
        "it": (
            "acquarista* addett* agente* agronom* aiuto aiuto-* ammininistrat* amministrat* analista* animator*"
            " antennista* apicoltore* apprendista* architett* archivista* artigian* artista* assistente* assegnista*"
            " assegno attore attrice ausiliari* autista* autisti avvocat* baby-sitter badante* bagnin* banconista*"
            " barbiere* barista* barman* bibliotecari* biolog* borsista* borsa brand-manager cabinista* calzolaio*"
            " camerier* capo capo* capa cantante* capocantiere capoturno capotreno cassier* casar* cesellatore* chef"
            " chimic* collaborat* commercialista* commess* compositore* consulente* contabile* controllore*"
            " controller coordinat* corriere* cuoc* curatore* curatrice* custode* decorat* dirett* dirigente*"
            " disegnat* docente* dottorand* dottorato economista* editor* educatore* educatrice* elettricista*"
            " enolog* esperto* estetista* fabbro* facchino* falegname* farmacista* fattorin* ferroviere* fiorista*"
            " fisioterapista* fonico* formatore* formatrice* fotograf* fresatore* funzionari* geologo* geometra*"
            " gestore* giardinier* giornalista* grafic* guardia* guida* idraulic* igienista* impiegat* incastonatore*"
            " infermier* informatic* ingegner* insegnante* installatore* interprete* ispettore* ispettrice*"
            " istruttore* istruttrice* laureand* lavapiatti lettore* libraio* logopedista* macchinista* macellaio*"
            " maestr* magazzinier* manager manutentore* maestro* mediat* medic* meccanic* modellista* mulettista*"
            " muratore* musicista* nutrizionista* operai* operat* orafo* ostetric* ottico* panettiere* parrucchier*"
            " pasticcer* perit* pilota* pittore* pizzaiol* portier* postino* praticante* pratica primario programmat*"
            " professor* progettist* promoter* psicolog* redattore* redattrice* regista* responsabile* restaurat*"
            " ricercat* rider rilevatore* saldatore* sarta* sarto* scenograf* segretari* sviluppat* sociolog*"
            " sommelier* sorvegliante* specialist* stage stagista* tecnic* tecnolog* terapist* tirocini* tirocinante*"
            " tornitore* tourist traduttore* traduttrice* turnista* tutor* veterinari* vetrinista* viceprimario"
            " vigil* violinista* volontar* venditore* venditrice* allievo* oss *ologo *ologa junior-account"
        ),
    }
)
NOT_JOBS = _names(
    "offer other member-state hiring-manager recruiter partner's ingeniería ingegneria engenharia administración",
    "comercio administração amministrazione direction ingénierie capability capitale capital capable administration",
)
# Words that name nothing by themselves but often a part of a job: 'Site Engineer', 'First Officer'.
ROLE_PARTS = _names(
    "i ii iii iv first second third site room process team contract service services support place test page date",
    "department office selection recruitment hiring location street time product case claims quality client project",
    "night day weekend data feedback result results phone mobile mail link view start next best lead decision update",
    "sala salle équipe equipo equipa area área call back front direction dirección direção direzione entretien",
    "contact perfil violin spring summer sommer hiver verano social public leitende leitender technische technischer",
    "wissenschaftliche wissenschaftlicher medizinische stellvertretende première premier adjoint adjointe primer",
    "segunda primeira biträdande tf stf",
)
# Fields of work that stand after a dash in a title: 'Engineer - Platform'.
FIELDS = _names(
    "platform backend frontend full stack data software product sales marketing research growth cloud mobile web",
    "security support finance infrastructure payments operations design development analytics logistics legal",
)
# Words that are shortened before a job: 'Dipl. Pflegefachperson'.
SHORTENED = _names("sr jr asst dipl stellv tech med asoc aux téc ing adm assoc bw staatl ex")
# Words that mostly belong to a mail and not to a job, but with a capital before one: 'Program Analyst'.
PERHAPS_ROLE_PARTS = _names(
    "program programme programs project application applications training recruitment search campaign contract title",
    "placement candidate selection test interview progress proposal mission invitation",
)
RANKS = _names("senior junior sr jr lead principal chief head deputy assistant associate graduate trainee vice")

# Nouns for 'a job', after which ('position of X', 'Stelle als X') or before which ('the X position') its name stands.
JOB_NOUNS = _by_language(
    {
        "en": (
            "position role post vacancy opening job opportunity internship posting title requisition seat spot place"
            " placement recruitment competition exercise campaign search programme program scheme pool apprenticeship"
            " traineeship roles positions posts jobs vacancies berth contract gig assignment appointment mandate"
        ),
        "de": (
            "stelle position job ausschreibung vakanz rolle tätigkeit stellenausschreibung stellenangebot"
            " stellenbezeichnung ausbildungsplatz praktikum traineeprogramm funktion anzeige besetzung beruf"
            " stellenanzeige posten einsatz anstellung vorstellungsgespräch ausbildung"
        ),
        "fr": (
            "poste emploi offre fonction fonctions stage mission métier recrutement annonce intitulé place offres"
            " concours"
        ),
        "es": (
            "puesto vacante posición cargo oferta plaza rol empleo trabajo búsqueda convocatoria proceso concurso"
            " perfil puestos plazas prácticas categoría"
        ),
        "nl": (
            "functie vacature rol positie baan job plaats plek stageplek stageplaats procedure opdracht"
            " selectieprocedure"
        ),
        "sv": (
            "tjänsten tjänst rollen roll jobbet jobb positionen befattningen befattning anställningen anställning"
            " uppdraget platsen plats vikariatet rekryteringen rekrytering platsannons annonsen uppdrag rubriken"
        ),
        "pt": (
            "vaga posição cargo função lugar oportunidade emprego oferta concurso processo recrutamento estágio"
            " seleção vagas trabalho seletivo concursal procedimento posto"
        ),
        "it": (
            "posizione ruolo posto figura selezione ricerca concorso bando mansione incarico profilo offerta annuncio"
        ),
    }
)
# Words that tie a job's name to the noun: 'position OF', 'Stelle ALS'.
AS = _names("as als som como comme come")
OF_JOB = _names(
    "of as for als des der eines einer zum zur de d' d’ du en tant que como para di da come per van voor som till",
    "för to in om um auf op à au aux a al alla ny nya av dell' del della do",
)
# 'application FOR', 'Bewerbung ALS': the word before a job's name, after a word of applying.
AS_JOB = _names("for as als som como comme come para per pour voor till för om um auf zum zur à au al")
APPLIED = (
    "appl", "bewerb", "bewarb", "bewirb", "beworb", "candida", "kandida", "postul", "sollicit", "ansök", "sökt", "söka",
    "sökte", "inscri", "interview", "intervju", "entrevist", "entretien", "entrevue", "consider", "colloqui", "gesprek",
    "gespräch", "demanda", "domanda", "form", "submission", "shortlist", "offer", "résumé", "resume", "portfolio", "cv",
    "brief", "carta", "lettre", "selec", "selez", "recrut", "reclut", "recruit", "rekryt", "hire", "hired", "join",
    "anställ", "einstell", "contrat", "contract", "employ", "engag", "assess", "test", "trial", "audition", "proposta",
    "propuesta", "oferta", "angebot", "aanbod", "erbjud", "ofrec", "offr", "auswahl", "uitnodig", "prov", "arbetsprov",
)  # fmt: skip
SEEKING = (
    "need", "look", "seek", "hire", "want", "find", "picked", "recherch", "such", "busc", "zoek", "sök", "letar",
    "cerc", "precis", "procur", "necesit", "brauch", "cherch", "besoin", "serve", "finding", "hiring", "behöv", "nodig",
)  # fmt: skip
ORDINALS = _names("first second third next last new extra best another nuevo nuova neue neuen neuer nya nieuwe")
OF_AN_APPLICATION = re.compile(
    r"gespr[äe]|interv|sollic|bewerb|andidat|ansök|ntretien|ntrevu|colloqu|entrev|vacat|ostula|inscri|auswahl|select"
    r"|selek|résult|resul|ergebn|bekräft|bestät|bevest|confirm|uitnod|einlad|inbjud|invit|convoc|citaci|auditi|audizi"
    r"|esito|estado|status|afwijz|absage|avslag|annul|cancel|proces|projekt|progett|proget|update|reminder|erinner"
)
# Words that end the name of a job wherever they stand.
ROLE_STOPS = _names(
    "teil enviada enviado transitou risulta annulée annulé conversation cat abgesagt verschoben verplaatst",
    "geannuleerd based starting start full-time part-time fulltime parttime fte remote hybrid onsite m/w/d w/m/d",
    "m/f/d f/m/d h/f f/h ref req id nr no ab bewerben beworben eingegangen submitted received registered closed",
    "filled withdrawn cancelled reference number kennziffer referencia referência rif réf referentie unfilled opened",
    "closes reopened available has pay starts days hours nights week weeks month months year years stunden tage",
    "wochen uren dagen timmar heures horas ore position role vacancy post opening job opportunity spot seat place",
    "applications application candidates shortlist money interviews interview pool placed scheduled advertised",
    "unsuccessful successful earlier recently kindly queda quedó sigue está fue será ha han hay se nos te le ya sino",
    "aunque porque cubrir cubierta vacante cerrada fica ficou marcada pertanto portanto aussi ainsi donc purtroppo",
    "infelizmente lamentablemente tyvärr helaas leider foi continua tem há já encontra-se encontra abriu acabou",
    "segue fechada preenchida suspensa è sono stata stato resta rimane si ci sospesa chiusa coperta aperta",
    "attualmente est sera été reste a ont n' ne qui que s' vient pourvu pourvue clos close suspendu suspendue ouvert",
    "ouverte is wordt blijft heeft werd zijn was ingevuld vervuld gesloten ingetrokken binnen bedankt ontvangen är",
    "blir blev har ska vid hos tillsatt tillsatta avbruten registrerats mottagen inkommit nu till i på ist wird",
    "wurde bleibt hat sind haben besetzt liegt vergeben geschlossen zurückgezogen nicht",
)
ROMANCE = frozenset({"fr", "es", "pt", "it"})
ROLE_JOINS = _names(
    "de d' d’ du des da do dos das di del della dello dei degli dell' en em in à au aux a al alla et y e of and &",
    "und och for la le les l' l’ sur con el los für för voor der im inom",
)
GENDER = re.compile(
    r"(?i)[(\[]\s?[mwfhdxgivn*a](?:\s?[/|,.·-]\s?[mwfhdxgivn*a](?:ll)?){1,4}\s?[)\]]"
    r"|[(\[](?:all\sgenders?|gn|mensch|divers)[)\]]|\b[mfwh]/[mfwhdx](?:/[dxinw]v?)?\b|\bh/f\b|\(e\)s?(?=\s|$)"
)
NUMBERS = re.compile(
    r"(?i)[(\[#]?\s?\b(?:ref(?:erence)?|req(?:uisition)?|job|id|jr|r|nr|no|kennziffer|réf|rif)?\.?\s?(?:id|no|nr|number)?"
    r"[\s.:#_-]{0,2}(?:[a-z]{1,4}[-_/])?\d{3,12}(?:[-/_]\d{1,8}){0,2}\s?[)\]]?"
)
DASH = re.compile(r"\s+[-–—|]\s+|\s*[–—|]\s+")
ROLE_EDGE = re.compile(
    r"(?i)^(?:the|our|an?|position|role|of|für|als|die|der|das|de|du|la|le|el|een|de\sfunctie|van|som|our\sopen|open"
    r"|vacant)\s+(?=\S)|\s+(?:position|role|vacancy|opening|job|at|with|in|bei|en|de|for|n|nº|n°|\d{2,3})$|[(\[][^)\]]*$"
)
# The words with which what is cut off may begin or end.
ROLE_EDGES = _names(
    "the our a an position role of für als die der das de du la le el een van som open vacant vacancy opening job at",
    "with in bei en for n nº n°",
) | frozenset(map(str, range(10, 1000)))
NO_ROLE = _names(
    "you your we our us has have been was is are will sie ihr ihre ihnen wir uns haben nicht vous votre nous avons",
    "nuestro nuestra hemos wij jouw onze hebben din vår nosso abbiamo which that this these who another further",
    "interest application applications bewerbung candidature candidatura update received thank thanks interview news",
    "reply question invitation",
)
# What a subject says besides the job: cut off its segments at either end.
SUBJECT_NOISE = re.compile(r"(?i)^(?:re|aw|sv|vs|antw|rif|rv|res|tr|ref|fwd?|wg|vb|enc|ynt|r)\s*(?:\[\d+\])?\s*:\s*")
SUBJECT_BREAK = re.compile(r"\s+[-–—|•·→/]+\s+|\s*[–—|•:;!?…(\[\])«»„“”\"]+\s*|,\s+|\.\s+|\s->\s|\s[-–—]|[-–—]\s")

# ---- a reference number

NUMBER_WORDS = _names(
    "search exercise vac vacnr diarienr advt pn eoi opening prot cod exam int job vacancy posting requisition",
    "vacature vacante vaga oferta offre plaza posizione concurso concours ref réf reference référence referenz",
    "referencia referência referentie referens riferimento rif req requisición kennziffer kennz chiffre diarienummer",
    "dnr referensnummer referentienummer referenznummer vacaturenummer stellennummer jobnummer ausschreibungsnummer",
    "campaign competition bando jobid reqid ärendenummer refnr vacaturecode stellen-id job-id jobcode referenzcode",
    "annonsnr annonsnummer expediente avviso edital concorso convocatoria aviso ref-nr",
)
NUMBER_SIGNS = _names(
    "id no nr number nummer code n num numéro número numero código codice kod nº n° req ref nr. the la de",
)
NUMBER_NOUNS = _names(
    "job vacancy posting position post role stelle ausschreibung vacature vacante vaga oferta offre plaza posizione",
    "posição tjänst proceso processo procedure concurso concours requisition application announcement annonce",
    "annuncio stellenausschreibung anzeige búsqueda ärende annons offerta poste campaign recruitment selection",
    "procedimento selectie",
)
NUMBER_SHAPE = re.compile(
    r"(?:[A-Z]{1,8}[-_/]){1,3}\d{2,}(?:[-_/]\w{1,8}){0,3}|[A-Z]{2,6}\d{3,}(?:[-_/]\w{1,8}){0,2}|[A-Z]{1,3}\d{4,}"
    r"|\d{4,8}[A-Z]{2,3}|[A-Z]{2,6}[-/](?:[A-Z]{1,6}[-/])?\d{2,}\w{0,4}|\d{2,6}[-/][A-Z]{2,5}(?:[-/]\d{2,6})?"
)
NUMBER_IN_SUBJECT = re.compile(
    r"\d{4,10}(?:-[\w.]{1,6})?|\d{1,6}[-/](?:19|20)\d\d|(?:19|20)\d\d[-/]\d{2,6}|\d{2,3}[-/.]\d{3,6}"
)
# Dates, times and years are no numbers of a vacancy.
NO_NUMBER = re.compile(
    r"\d{1,2}[./-]\d{1,2}[./-](?:\d{2}|\d{4})|(?:19|20)\d\d[./-]\d{1,2}[./-]\d{1,2}|\d{1,2}[.:h]\d{2}|(?:19|20)\d\d"
    r"|\d{1,3}|\d{1,3}(?:st|nd|rd|th|am|pm|h|k|er|º|ª)|\d{2}-\d{2}|covid-19|w2-.*"
)

# ---- a person

# Words of a display name or a signature that name a desk and no employer: 'Acme Careers', 'HR Team Acme'.
GENERIC = _names(
    "careers career karriere carrière carrières carriere carreiras carreira empleos empleo emploi emplois jobs job",
    "recruiting recruitment recruiter recruiters rekrytering rekryterare recrutement recruteur recrutamento",
    "reclutamiento werving ausbildung bewerbung bewerbungen bewerbermanagement talent talents talento talentos",
    "acquisition hiring people culture cultura hr rh rrhh human resources personalabteilung personalwesen",
    "personalbüro personnel ressources humaines recursos humanos risorse umane selección selezione seleção selection",
    "selectie team équipe equipo equipe equipa teamet staff department dept section desk bot ops noreply no-reply",
    "reply notification notifications application applications appointments candidate candidates candidate-experience",
    "experience info mail mailer the das die der & und et from at by bei for your update updates system portal online",
    "hello contact admissions alerts newsletter vagas jobba hos jobb internal interne stellenbörse sourcer lavora noi",
    "mi bij werken met via gestione candidature personas pessoas gente mensen medarbetare atracción captação gestión",
    "gestão y e of de des del della la le les l' il calendar calendario calendrier kalender scheduling scheduler",
    "assessments assessment interviews onboarding referrals hrm movilidad interna interner arbeitsmarkt global",
    "trainee-programm dho crew automatic confirmation applicant applicants employment vacancies vacatures lediga",
    "tjänster volunteers volunteering university-relations early apprenticeships graduate graduates resourcing our us",
    "on behalf ufficio dipartimento personale service-recrutement abteilung afdeling avdelning sektion pôle candidato",
    "candidata personalamt bewerberservice onlinebewerbung personeelszaken secretariado secretaría rédaction",
    "graduatorie personalservice p&o p&c concours bandi concorsi oposiciones procesos automatisch geautomatiseerd",
    "notificaciones notificações notifiche avisos postulaciones candidaturas recruiting-team private jobteam",
    "hiring-team talentteam peopleops digest messages message inbox sollicitaties sollicitatie personalsektionen",
    "personeelsadministratie personeelsdienst azubi azubi-team personalreferat bewerberteam ausbildungsteam werkenbij",
    "rekryteringsgruppen rekryteringsavdelningen candidatura personalsachbearbeitung personalmanagement hr-team",
    "rh-team vetting crewing personnel-office",
)
# Words that may name a desk or belong to the employer's name: 'Nile Port Services', 'Acme Support'.
PERHAPS_GENERIC = _names(
    "my shared hub store trabalhe conosco bewerbungseingang eingang bewerberportal kandidatportal mitt mijn mein",
    "meine support operations personal legal mobility campus direction direção procurement applicant-services",
    "selectiebureau dirección segreteria contratações contratación candidati humano humana humanos administration",
    "administración amministrazione commission comisión comissão commissione ort place lieu lugar luogo plats",
    "onboarding programme program trainee trainee-programm traineeprogramm nachwuchsförderung desarrollo formación",
    "doctorats dekanat rektorat",
)
# Further local parts of addresses that nobody in particular reads.
_MORE_DESKS = _names(
    "concorsi bandi selecao selezioni seleccion candidatures candidature candidatos candidaturas inscricoes provas",
    "pruebas onboarding payroll trainee trainees apprenticeships sommarjobb employment panel committee dean head",
    "director bursar registrator registrar secretariat secretariaat segreteria secretaria secretariado kansli",
    "prefekt direction direzione registry faculty phd postdoc studentjobs careerhub jobteam crew studio chef kitchen",
    "shop store filiale agence agencia gemeinde rathaus geral contacto contatto hallo hej hola ciao bonjour salut",
    "enquiries inquiries info applicants police volunteers volontari voluntariado vrijwilligers bewerber karriere",
    "search research tests testing feedback exams surveys werkenbij rekrutierung medicalstaffing recrutamento",
    "notificacao notificacoes avisos graduatorie auditie audition",
)
DESKS = GENERIC | PERHAPS_GENERIC | _MORE_DESKS
PERSON_AT = re.compile(
    r"(?:\s(?:from|at|von|bei|de\schez|chez|van|bij|hos|på|presso|@)\s|\s?@\s?|\s?[(\[]|\s[|–—/-]\s|,\s)"
    r"(?:the\s|der\s|het\s)?(?P<company>[^()\[\]|,]{2,60})[)\]]?\s*$"
)
VIA = re.compile(
    r"(?i)\s(?:via|through|über|par|door|por|per)\s.*$|\s?[(\[](?:via|no-?reply)[^)\]]*[)\]]?"
    r"|^.{1,40}?\s(?:on\sbehalf\sof|im\sauftrag\svon|de\sla\spart\sde|em\snome\sde|en\snombre\sde|namens|per\sconto\sdi)\s"
)
ROLE_MAILBOX = re.compile(
    r"^(?:jobs?|careers?|karriere|hr|rh|recruit(?:ing|ment|er|ers)?|talent\w*|hiring|people|bewerb\w*|info|team|hello|hi"
    r"|contact|kontakt|office|support|help|personal\w*|hrm?|apply|applications?|admin|service|mail|post|news|newsletter"
    r"|marketing|sales|notifications?|alerts?|updates?|reply|candidates?|recrutement|recrutamento|emploi|empleo"
    r"|seleccion|selezione|rrhh|werving|vacatures|jobb|rekrytering|lavoro|vagas|invitations?|messages?|noreply"
    r"|accounts?|billing|system|robot|bot|postmaster|mailer\S*|bounces?\S*|do-?not-?reply|no-?reply)(?:[-_.+\d]\S*)?$"
    r"|(?:^|[._+-])(?:jobs|careers|no-?reply|notifications?|recruiting|recruitment|talent|hr|team)(?:[._+-]|$)"
    r"|[0-9a-f]{12,}|\+"
)
FIRST_LAST = re.compile(r"[^\W\d_]{2,20}[._-][^\W\d_]{2,25}")
_ONE_NAME = rf"[{_UPPER}][^\W\d_]*(?:['’-][{_UPPER}]?[^\W\d_]+)?\.?"
TITLE = re.compile(
    r"(?i)\b(?:dr|prof|mr|mrs|ms|mx|miss|herr|herrn|frau|mme|mlle|m|dott(?:\.ssa)?|dra?|ing|sig(?:\.ra)?|sra?|mag|avv|don|capt)"
    r"\b\.?\s?"
)
# Words after which a full name is that of somebody met: 'with Anna Keller'.
MEETING = _names(
    "with by met mit von durch bei avec par con por med av com da colleague manager kollege kollegin collègue",
    "compañero colega collega kollega interviewer organizer organiser organisator organisateur organizador",
    "organizzatore",
)
PERSON = re.compile(
    rf"(?:(?:Dr|Prof|Mr|Mrs|Ms|Herr|Frau|Mme)\.?\s)?{_ONE_NAME}"
    rf"(?:\s(?:(?:van|von|de|der|den|da|dos|di|del|la|le|el|bin|al|zu|af|ten|ter)\s){{0,2}}{_ONE_NAME}){{0,3}}"
)
CLOSING = re.compile(
    r"(?im)^[ \t]*(?:(?:with\s)?(?:(?:kind|best|warm|warmest|many|sincere)\s)?(?:regards|wishes|thanks)"
    r"|all\sthe\sbest|best|cheers|sincerely|yours(?:\s\w+)?|thanks|take\scare|warmly|thank\syou"
    r"|(?:mit\s)?(?:freundliche|beste|viele|liebe|herzliche|schöne)[nm]?\s(?:grü(?:ß|ss)en?|gru(?:ß|ss))"
    r"|(?:bien\s)?cordialement|bien\sà\svous|sincères\ssalutations|(?:un\s)?(?:cordial\s)?saludos?(?:\scordial(?:es)?)?"
    r"|atentamente|un\sabrazo|(?:met\s)?(?:vriendelijke|hartelijke)\sgroet(?:en)?|groet(?:en|jes)?"
    r"|(?:med\s)?(?:vänliga|bästa|varma)\shälsningar|mvh|hälsningar|(?:com\sos\smelhores\s)?cumprimentos"
    r"|atenciosamente|abraços?|(?:cordiali|distinti|cari)\ssaluti|un\ssaluto|a\spresto)[ \t]*[,.!]?[ \t\r]*(?:\n|$)"
)

# ---- addressed to the applicant; feedback

YOUR_APPLICATION = re.compile(
    r"(?i)\b(?:your\s(?:application|candidacy|interest\sin|interview|cv|r[ée]sum[ée])"
    r"|you(?:'ve|\shave)?\s(?:applied|interviewed)|ihre\s?r?\s?bewerbung|deine\s?r?\s?bewerbung|votre\scandidature"
    r"|(?:tu|su)\scandidatura|(?:je|jouw|uw)\ssollicitatie|din\sansökan|(?:sua|a\stua)\scandidatura"
    r"|la\s(?:sua|tua)\scandidatura)"
)
GLADLY = re.compile(
    r"happy|glad|pleas|welcome|offer|feel\sfree|reach\sout|let\s(?:me|us)\sknow|drop\sme|if\syou(?:'d|\swould)\slike"
    r"|gern|freu|melde|volontiers|n'hésite|heureux|encantad|gustos|dispuest|graag|laat|gärna|hör\sav|prazer|disposição"
    r"|felici|volentieri|lieti"
)


# ---- dates, reasons

RELATIVE_DAYS = _names(
    "tomorrow today tonight yesterday morgen heute gestern übermorgen demain hier aujourd'hui mañana hoy ayer",
    "vandaag gisteren overmorgen imorgon idag igår amanhã hoje ontem domani oggi ieri dopodomani ikväll",
)
PERHAPS_WHEN = _names(
    "mars marzo marco may march mar sun sat mon wed mai set sept second autumn spring summer winter august april",
    "june",
)
TIME_UNITS = _names(
    "day days week weeks fortnight month months year years tag tage tagen woche wochen monat monate monaten jahr",
    "jahre jahren jour jours semaine semaines mois an ans année día días semana semanas mes meses año años dag dagen",
    "weken maand maanden jaar dagar vecka veckor månad månader år dia dias mês ano anos giorno giorni settimana",
    "settimane mese mesi anno anni hours stunden halvår halbjahr",
)
COUNTS = _names(
    "a an one two three four five six seven eight ten twelve next last this few ein eine einer einem zwei drei vier",
    "fünf sechs acht zehn zwölf nächste nächsten nächster kommenden kommende un une deux trois quatre cinq huit dix",
    "quinze prochaine una dos tres cuatro cinco seis ocho diez quince próxima próximo een twee drie vijf zes tien",
    "volgende en ett två tre fyra fem sex åtta tio nästa um uma dois duas três quatro due quattro cinque sei otto",
    "dieci prossima prossimo half couple end early late mid ende anfang mitte début fin principios finales begin",
    "eind början slutet fine inizio",
)
DAY_PARTS = _names(
    "morning afternoon evening noon midnight am pm o'clock uhr früh vormittag nachmittag mittag abend matin",
    "après-midi soir midi heures h mañana tarde noche horas ochtend middag avond uur förmiddag eftermiddag kväll",
    "klockan kl manhã noite mattina mattino pomeriggio sera ore hrs hours time",
)
DATE_JOINS = _names(
    "the of on at by in from to until till between and den dem der die am um bis vom ab im zum und le la les du de à",
    "au avant jusqu'au entre et el las los del a antes hasta y e het op om voor tot vanaf en på senast före från och",
    "kl o os as no na do da às até dia il lo gli alle dal al entro ore around about before after week weekend",
)
DATE_SHAPE = re.compile(
    r"\d{1,2}[./]\d{1,2}(?:[./](?:\d{2}|\d{4}))?\.?|(?:19|20)\d\d-\d\d-\d\d|\d{1,2}-\d{1,2}-(?:19|20)\d\d|\d{1,2}[.:h]\d{2}"
    r"|\d{1,2}(?:am|pm|h)|\d{1,2}(?:st|nd|rd|th)"
)
BECAUSE = re.compile(
    r"(?i)\b(?:because|since|due\sto|owing\sto|as\s(?=we|you|the|they|our|your)|weil|da\s(?=wir|sie|du|die|der|das|uns)|denn"
    r"|parce\sque?|car|puisque|en\sraison\sde|porque|ya\sque|debido\sa|pues|omdat|aangezien|vanwege|wegens|eftersom|då"
    r"|på\sgrund\sav|pois|devido\sa|uma\svez\sque|visto\sque|perché|poiché|in\squanto|dato\sche|a\scausa\sdi)\s"
)

ATS_NAMES = _names(
    "greenhouse lever workday myworkday ashby ashbyhq smartrecruiters teamtailor personio workable icims taleo",
    "successfactors jobvite bamboohr recruitee breezy breezyhr jazzhr rippling pinpoint softgarden rexx rexxsystems",
    "umantis onlyfy jobylon varbi welcometothejungle gem fountain paylocity ukg ultipro dayforce eightfold avature",
    "phenom cornerstone brassring hackerrank codility testgorilla hirevue karat linkedin indeed xing stepstone",
    "glassdoor monster ziprecruiter infojobs hired otta wellfound angellist dice reed totaljobs workatastartup join",
    "joincom bullhorn comeet homerun factorial kenexa oraclecloud talentsoft flatchr beetween gupy catho",
)
_MAY_BE_EMPLOYERS = _names("join reed fountain gem pinpoint rippling dice monster hired phenom cornerstone karat")
ATS_DOMAINS = ATS_NAMES - _MAY_BE_EMPLOYERS | _names(
    "greenhouse-mail myworkdayjobs workdaymail teamtailor-mail workablemail applytojob talent-soft hrmdirect",
    "sendgrid mailgun amazonses mandrillapp silkroad applicantstack recruitingbypaycor dayforcehcm trakstar lumesse",
)
FREE_MAIL = _names(
    "gmail googlemail outlook hotmail live msn yahoo ymail icloud me mac aol gmx web t-online freenet posteo mailbox",
    "proton protonmail pm fastmail orange wanadoo free laposte sfr libero virgilio tiscali ziggo kpnmail telia zoho",
    "yandex mail uol bol terra",
)
SECOND_LEVEL = _names("co com org net ac gov edu ltd plc nom")
