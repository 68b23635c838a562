import type { Mood, Season, TimeOfDay, Weather } from './brief.ts';
import type { CameraMove } from './camera.ts';
import type { SoundName } from './sound/names.ts';
import type { Lexicon } from './words.ts';

export const TIMES: { readonly [name in TimeOfDay]: Lexicon } = {
  dawn: {
    en: 'dawn sunrise daybreak early_morning morning',
    pl: 'swit* swic* poran* rano wschod* brzask*',
    nl: 'dageraad zonsopgang ochtend* morgen*',
  },
  day: {
    en: 'day daytime noon midday sunny daylight afternoon',
    pl: 'dzien* dnia slonecz* poludni*',
    nl: 'dag overdag middag zonnig*',
  },
  golden: { en: 'golden_hour golden warm_light amber', pl: 'zlot*', nl: 'gouden goud*' },
  sunset: {
    en: 'sunset sundown evening',
    pl: 'zachod* wieczor* zachodz*',
    nl: 'zonsondergang avond* ondergaande',
  },
  dusk: { en: 'dusk twilight blue_hour', pl: 'zmierzch* zmrok*', nl: 'schemer*' },
  night: {
    en: 'night midnight nighttime nocturnal moonlight moonlit moon starry stars starlit neon',
    pl: 'noc nocy noca nocn* polnoc* ksiezyc* gwiazd* gwiezdz*',
    nl: 'nacht* middernacht maan* sterren*',
  },
};

export const WEATHERS: { readonly [name in Weather]: Lexicon } = {
  storm: {
    en: 'storm stormy thunderstorm lightning thunder tempest',
    pl: 'burz* piorun* blyskawic* sztorm*',
    nl: 'storm* onweer* bliksem* donder*',
  },
  rain: {
    en: 'rain rainy raining rainfall drizzle downpour wet',
    pl: 'deszcz* pada ulew* mokr*',
    nl: 'regen* regent regenachtig* nat natte',
  },
  snow: { en: 'snowing snowfall snowflakes blizzard snow snowy', pl: 'sniez* snieg* zamiec*', nl: 'sneeuw*' },
  fog: { en: 'fog foggy mist misty haze hazy', pl: 'mgl* zamglon*', nl: 'mist* nevel* mistig*' },
  cloudy: { en: 'cloudy clouds overcast cloud', pl: 'chmur* pochmurn*', nl: 'bewolkt* wolk*' },
  wind: { en: 'wind windy breeze gust gusty', pl: 'wiatr* wietrzn*', nl: 'wind* winderig* bries*' },
  clear: {
    en: 'clear_sky cloudless blue_sky',
    pl: 'bezchmurn* czyste_niebo',
    nl: 'onbewolkt* heldere_lucht',
  },
};

export const SEASONS: { readonly [name in Season]: Lexicon } = {
  spring: {
    en: 'spring springtime blossom blossoms blooming cherry',
    pl: 'wiosn* wiosen* kwitn*',
    nl: 'lente* voorjaar* bloesem*',
  },
  summer: { en: 'summer summery tropical', pl: 'lato lata latem letni* tropik*', nl: 'zomer* tropisch*' },
  autumn: {
    en: 'autumn autumnal fall_colors fall_leaves falling_leaves fall_foliage',
    pl: 'jesien* jesieni*',
    nl: 'herfst*',
  },
  winter: {
    en: 'winter wintry frozen ice icy frost snow snowy',
    pl: 'zima zimy zimo* zimie lod lodow* mroz* snieg* sniez*',
    nl: 'winter* ijs ijzig* bevroren vorst sneeuw*',
  },
};

export const MOODS: { readonly [name in Mood]: Lexicon } = {
  serene: {
    en: 'serene calm peaceful tranquil quiet gentle relaxing soft cozy',
    pl: 'spokoj* cich* lagodn* relaks*',
    nl: 'serene sereen rustig* kalm* vredig* stil stille zacht*',
  },
  dramatic: {
    en: 'dramatic intense powerful fierce violent moody',
    pl: 'dramat* intensyw* potezn* gwaltown*',
    nl: 'dramatisch* intens* krachtig* woest*',
  },
  joyful: {
    en: 'joyful happy cheerful vibrant playful fun colorful colourful lively',
    pl: 'radosn* wesol* kolorow* zywe*',
    nl: 'vrolijk* blij* kleurrijk* speels* levendig*',
  },
  melancholic: {
    en: 'melancholic melancholy sad lonely somber gloomy nostalgic',
    pl: 'melanchol* smutn* samotn* ponur* nostalg*',
    nl: 'melanchol* verdrietig* droevig* eenzaam somber* nostalg*',
  },
  mysterious: {
    en: 'mysterious mystical magical eerie dark enchanted dreamy surreal',
    pl: 'tajemnicz* mistycz* magiczn* mroczn* zaczarowan* sniacy',
    nl: 'mysterieu* mystiek* magisch* duister* betoverd* dromerig*',
  },
  romantic: {
    en: 'romantic love tender intimate',
    pl: 'romantycz* milosn* czul*',
    nl: 'romantisch* liefde* teder*',
  },
  epic: {
    en: 'epic majestic grand heroic cinematic vast',
    pl: 'epick* majestatycz* monumentaln* kinow*',
    nl: 'episch* majestueu* groots* heroisch* filmisch*',
  },
};

export const CAMERA: { readonly [name in CameraMove]: Lexicon } = {
  'pan-left': {
    en: 'pan_left pans_left panning_left camera_moves_left',
    pl: 'w_lewo panorama_w_lewo',
    nl: 'naar_links pan_links',
  },
  'pan-right': {
    en: 'pan_right pans_right panning_right pan pans panning camera_moves_right tracking_shot',
    pl: 'w_prawo panoramow* panoram*',
    nl: 'naar_rechts pan_rechts',
  },
  'tilt-up': {
    en: 'tilt_up tilts_up tilting_up tilt looks_up crane_up',
    pl: 'w_gore do_gory',
    nl: 'omhoog naar_boven',
  },
  'tilt-down': {
    en: 'tilt_down tilts_down tilting_down looks_down',
    pl: 'w_dol do_dolu',
    nl: 'omlaag naar_beneden',
  },
  'zoom-in': {
    en: 'zoom_in zooms_in zooming_in zoom close_up closeup',
    pl: 'zblizeni* przybliz*',
    nl: 'inzoomen zoomt_in inzoom* close_up',
  },
  'zoom-out': {
    en: 'zoom_out zooms_out zooming_out reveal reveals',
    pl: 'oddaleni* oddala*',
    nl: 'uitzoomen zoomt_uit uitzoom*',
  },
  'push-in': {
    en: 'push_in pushes_in dolly_in dolly forward moves_forward fly_through flythrough',
    pl: 'do_przodu najazd*',
    nl: 'naar_voren vooruit',
  },
  'pull-back': {
    en: 'pull_back pulls_back dolly_out pull_out backward',
    pl: 'do_tylu odjazd*',
    nl: 'achteruit naar_achteren',
  },
  orbit: {
    en: 'orbit orbits orbiting arc_shot rotating_around circles_around 360',
    pl: 'okraz* orbit* dookola',
    nl: 'draait_om cirkelt* rondom',
  },
  aerial: {
    en: 'aerial drone birds_eye bird_s_eye from_above overhead flyover',
    pl: 'z_lotu_ptaka dron* z_gory',
    nl: 'luchtopname drone* van_boven vogelperspectief',
  },
  handheld: { en: 'handheld hand_held shaky documentary', pl: 'z_reki', nl: 'uit_de_hand' },
  still: {
    en: 'static_camera static_shot still_camera locked_off tripod fixed_camera',
    pl: 'statyczn* nieruchom*',
    nl: 'statisch* stilstaand*',
  },
  drift: { en: 'drift drifting glide gliding', pl: 'sunie plyni*', nl: 'glijdt zweeft' },
};

export const SLOW: Lexicon = {
  en: 'slow_motion slow_mo slowmo slowly',
  pl: 'zwolnion* powoli zwolnionym_tempie',
  nl: 'slow_motion vertraagd* langzaam',
};

export const SOUND_WORDS: { readonly [name in SoundName]: Lexicon } = {
  water: {
    en: 'water_flowing flowing_water splash splashing waterfall',
    pl: 'szum_wody plusk*',
    nl: 'stromend_water klater* spet*',
  },
  river: { en: 'river stream brook creek', pl: 'rzek* strumie* potok*', nl: 'rivier* beek*' },
  waves: { en: 'waves surf ocean', pl: 'fal fale szum_morza', nl: 'golven branding' },
  rain: { en: 'rain raining rainfall', pl: 'deszcz*', nl: 'regen*' },
  wind: { en: 'wind windy breeze howling', pl: 'wiatr*', nl: 'wind* waai*' },
  birds: {
    en: 'birds birdsong chirping chirp songbirds',
    pl: 'ptak* cwierk* spiew_ptakow',
    nl: 'vogels vogel* getjilp* fluit*',
  },
  gulls: { en: 'gull gulls seagull seagulls', pl: 'mew*', nl: 'meeuw*' },
  crickets: { en: 'crickets cicadas insects', pl: 'swierszcz* cykad*', nl: 'krekel* cicade*' },
  fire: {
    en: 'fire crackling crackle campfire fireplace flames',
    pl: 'ogien ognia ognis* trzask* komin*',
    nl: 'vuur* knetter* haard* kampvuur*',
  },
  city: { en: 'traffic city_sounds urban', pl: 'ruch_uliczny miejsk*', nl: 'verkeer* stadsgeluid*' },
  thunder: {
    en: 'thunder thunderstorm lightning',
    pl: 'burz* grzmot* piorun* blyskawic*',
    nl: 'donder* onweer* bliksem*',
  },
  footsteps: {
    en: 'footsteps walking steps walks',
    pl: 'krok* idzie spacer*',
    nl: 'voetstappen loopt wandel*',
  },
  engine: { en: 'engine motor revving car driving', pl: 'silnik* samoch* jedzie', nl: 'motor* auto rijdt' },
  crowd: {
    en: 'crowd people chatter market audience cheering',
    pl: 'tlum* ludzi rozmow*',
    nl: 'menigte mensen publiek geroezemoes',
  },
  bubbles: { en: 'bubbles underwater', pl: 'babel* pod_woda', nl: 'bubbels onder_water' },
  hooves: { en: 'galloping gallop hooves', pl: 'galop* kopyt*', nl: 'galop* hoeven' },
  space: { en: 'drone_sound hum', pl: 'buczeni*', nl: 'gezoem' },
  purr: { en: 'purr purring', pl: 'mrucz*', nl: 'spint spinnen' },
  music: {
    en: 'music melody soundtrack piano song',
    pl: 'muzyk* melodi* piosenk*',
    nl: 'muziek* melodie* lied',
  },
};

/** What may be laid over a customer's picture, beside the weather. */
export const OVERLAYS: {
  readonly [name in 'rays' | 'motes' | 'fireflies' | 'embers' | 'clouds' | 'ripples']: Lexicon;
} = {
  rays: {
    en: 'rays sunbeams sunbeam light_rays god_rays sun_rays sunlight beams',
    pl: 'promien* swiatlo smugi',
    nl: 'stralen zonnestralen lichtstralen zonlicht',
  },
  motes: {
    en: 'particles dust sparkle sparkles sparkling glitter magic magical floating pollen',
    pl: 'drobin* pyl* iskrz* magi* czasteczk*',
    nl: 'deeltjes stof glinster* magisch* zwevend*',
  },
  fireflies: { en: 'firefly fireflies glowworms', pl: 'swietlik*', nl: 'vuurvlieg* glimworm*' },
  embers: {
    en: 'embers sparks fire flames burning',
    pl: 'iskry iskier ogien plomie*',
    nl: 'vonken vuur vlammen',
  },
  clouds: { en: 'clouds cloud cloudy', pl: 'chmur* oblok*', nl: 'wolken wolk bewolkt*' },
  ripples: {
    en: 'water ripples ripple lake sea ocean river waves pond pool reflection',
    pl: 'woda wody wode fal* jezior* morz* rzek* staw* odbici*',
    nl: 'water rimpel* meer zee oceaan rivier* golven vijver',
  },
};
