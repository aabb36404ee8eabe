// Texts that no server has seen, from a seed: words without order where only their number counts, and the beginning of a story where a model has to
// go on for long. After words without sense small models are soon silent, and a reply that ends early is not the one that was to be measured.

const WORDS = list('llama,river,stone,winter,market,signal,paper,garden,engine,morning,harbor,window,copper,forest,letter,bridge')

// Of what a story is made. Sixteen of each, so that four bits choose one.
const NAMES = list('Amara,Bruno,Clara,Dmitri,Elena,Farid,Greta,Hugo,Irene,Jonas,Katya,Leon,Mira,Nadia,Oscar,Priya')
const MANNERS = list(
  'curious,patient,stubborn,cheerful,lonely,careful,clever,tired,brave,shy,proud,gentle,restless,honest,careless,thoughtful',
)
const TRADES = list(
  'baker,sailor,teacher,carpenter,doctor,farmer,painter,miller,nurse,weaver,tailor,gardener,librarian,fisherman,shepherd,blacksmith',
)
const HOMES =
  list(`a small village by the sea,a quiet town in the mountains,an old house near the forest,a narrow street behind the market,\
a busy harbor in the north,a valley between two rivers,a stone tower on the hill,a wooden cabin by the lake,a large city in the south,\
a farm at the edge of the desert,an island far from the coast,a castle above the river,a little flat over the bakery,a garden full of old trees,\
a mill beside the stream,a camp at the foot of the glacier`)
const TIMES =
  list(`winter morning,summer evening,rainy afternoon,autumn night,spring day,foggy dawn,cold Sunday,warm Friday,windy Monday,market day,\
bright noon,stormy night,snowy evening,quiet Tuesday,festival day,dusty afternoon`)
const PEOPLE =
  list(`an older brother,a neighbor,a best friend,a cousin,a grandmother,a stranger,the mayor,a young aunt,an uncle,a former teacher,\
the postman,a daughter,a son,the priest,a colleague,a traveler`)
const THINGS =
  list(`a letter without a name,a key made of copper,a map of an unknown road,a box of old photographs,a lamp that would not go out,\
a book in a foreign language,a boat without oars,a lost dog with a red collar,a door that nobody had seen before,a wounded bird,a bag of silver coins,\
a broken violin,a child who could not speak,a clock that ran backwards,a set of footprints,a bottle with a note`)
const PLACES =
  list(`in the cellar,under the bridge,behind the church,on the doorstep,beside the well,between the rocks,at the end of the path,\
in the attic,near the old gate,among the reeds,below the stairs,on the beach,inside the barn,next to the railway,in the long grass,outside the school`)

/** A text of about `words` words that no two seeds share. */
export function freshText(words: number, seed: number): string {
  let state = scatter(seed)
  return Array.from({ length: words }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    // The upper bits: the lower ones of such a generator repeat themselves at once.
    return at(WORDS, state >>> 16)
  }).join(' ')
}

/**
 * The beginning of a story, of about 48 tokens, that no two seeds below 2 ** 32 share. Two seeds that follow each other have another name in it, so that
 * they begin alike for the heading's few tokens and no longer. Small models go on from it: docs/performance.md says how often that was tried.
 */
export function freshStory(seed: number): string {
  const bits = scatter(seed)
  const [name, manner, trade, home] = [at(NAMES, bits >>> 28), at(MANNERS, bits >>> 24), at(TRADES, bits >>> 20), at(HOMES, bits >>> 16)]
  const [time, person, thing, place] = [at(TIMES, bits >>> 12), at(PEOPLE, bits >>> 8), at(THINGS, bits >>> 4), at(PLACES, bits)]
  return `Chapter 1\n\n${name} was a ${manner} ${trade} who lived in ${home}. One ${time}, while talking to ${person} about the weather, ${name} \
found ${thing} ${place}. At first`
}

/** Other bits for each seed below 2 ** 32, and for the next one quite other upper ones. */
function scatter(seed: number): number {
  return Math.imul(seed + 1, 2654435761) >>> 0
}

function at(words: readonly string[], index: number): string {
  return words[index & 15] as string
}

function list(words: string): readonly string[] {
  return words.split(',')
}
