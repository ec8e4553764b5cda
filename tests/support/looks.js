// What makes axe find something on a page, told briefly: what it has judged need not be judged again.
//
// whole: what makes a page (headings, landmarks, double IDs). shapes: of each element what it is and what it is in, with
// roles, whether it has a name and words, and whether what it refers to is there; neither words nor what differs from thing
// to thing count, nor what only styles it. colours: of words their colour, what is behind them and whether they are large;
// and, as what is positioned or see-through may have anything behind it, the styles that all of it comes from, in this width
// and theme; in Django's administration without what it names after models and fields.
const hash = (text) => { // FNV-1a, twice
    let one = 0x811c9dc5, two = 0x1000193;
    for (let at = 0; at < text.length; at += 1) {
        one = Math.imul(one ^ text.charCodeAt(at), 0x01000193);
        two = Math.imul(two ^ text.charCodeAt(at), 0x85ebca6b);
    }
    return (one >>> 0).toString(36) + (two >>> 0).toString(36);
};
const things = /[0-9a-f]*[0-9][0-9a-f-]*|[0-9a-f]{8,}/g;
const models = /\b(app|model|field|column)-[\w-]+|\bid_[\w-]+|\b\w+_(filter|form)\b|[\w-]+-(group|heading)\b/g;
const references = ['aria-labelledby', 'aria-describedby', 'aria-controls', 'aria-owns', 'aria-errormessage', 'for', 'headers'];
const present = new RegExp(`^(${references.join('|')}|aria-(label|description|placeholder|roledescription|valuetext))$`);
const values = /^(role|type|scope|content|lang|tabindex|autocomplete|aria-.*)$/;
const styling = /^(class|style|role|type|data-.*|hidden|open|disabled|aria-(current|disabled|pressed|selected|invalid))$/;
const without = /^(class|id|name|action|method|form|maxlength|novalidate|data-.*|hx-.*|on.*)$/;
const landmarks = 'header, footer, main, nav, aside, section, form, h1, h2, h3, h4, h5, h6, [role], [accesskey], iframe, title';
const regions = 'header, footer, main, nav, aside, section, form, head, [role]';
const bare = (value) => (location.pathname.startsWith('/admin/') ? value.replace(models, '#') : value).replace(things, '#');
const isText = (node) => node.nodeType === Node.TEXT_NODE && node.data.trim();
const upToTwo = (times, shape) => { times.set(shape, (times.get(shape) ?? 0) + 1); return times.get(shape) <= 2; };

const all = document.querySelectorAll('*'), [saying, holding, called] = [new Set(), new Set(), new Set()];
const [styles, shapes, colours, parts, behind] = [new Map(), new Map(), new Map(), new Map(), new Map()];
const start = `${innerWidth} ${matchMedia('(prefers-color-scheme: dark)').matches}`, page = [];
const again = (word) => called.has(word) || !called.add(word);
const here = (element) => (element.getAttribute('href')?.startsWith('#') ? [element.getAttribute('href').slice(1)] : []);
const referred = (element) => references.flatMap((name) => element.getAttribute(name)?.split(/\s+/) ?? []).concat(here(element));
const wanted = new Set([...all].flatMap(referred));
let level = 0;
for (const element of all) if ([...element.childNodes].some(isText)) {
    saying.add(element);
    for (let around = element; around && !holding.has(around); around = around.parentElement) holding.add(around);
}
for (const element of all) {
    const {checked, id, labels, localName, parentElement} = element, seen = element.checkVisibility(), style = seen && getComputedStyle(element);
    const attributes = [...element.attributes].filter(({name}) => localName !== 'html' || name !== 'lang');
    const told = attributes.filter(({name}) => !without.test(name)).map(({name, value}) =>
        `${name}=${values.test(name) && !present.test(name) ? value.replace(/[0-9]{2,}/g, '#') : Boolean(value.trim())}`).sort().join(' ');
    const state = [saying.has(element), checked, [...labels ?? []].map((label) => holding.has(label)), seen].join(' ');
    const inside = holding.has(element) || Array.from(element.children, (child) => `${child.localName} ${child.hasAttribute('aria-label')}`);
    const there = [inside, ...referred(element).map((id) => Boolean(document.getElementById(id)))].join(' ');
    const scrolls = seen && (element.scrollWidth > element.clientWidth || element.scrollHeight > element.clientHeight)
        && /auto|scroll/.test(style.overflow);
    const isWrapper = !told && /^(div|span)$/.test(localName), [around] = shapes.get(parentElement) ?? ['page'];
    shapes.set(element, [
        isWrapper ? around : hash(`${around} ${localName} ${told}`),
        hash(`${around} ${parentElement?.localName} ${localName} ${told} ${state} ${there} ${scrolls}`),
    ]);
    const styled = attributes.filter(({name}) => styling.test(name)).map(({name, value}) =>
        /^data-(?!status$)/.test(name) ? name : `${name}=${bare(value)}`).sort().join(' ');
    styles.set(element, hash(`${styles.get(parentElement) ?? start} ${localName} ${styled} ${state}`));
    behind.set(element, seen ? ground(element, style) : behind.get(parentElement));
    if (seen && hasWords(element)) {
        const alike = hash([behind.get(element), ...words(element, style)].join());
        colours.set(element, [alike, hash(alike + styles.get(element))]);
    }
    parts.set(element, element.matches(landmarks) ? part(element, seen) : parts.get(parentElement));
    if (seen && saying.has(element) && !element.closest(regions)) page.push(`outside ${localName} ${around}`);
    if (id && again(`#${id}`)) page.push(`double ${bare(id)} ${wanted.has(id)}`);
}
// words whose colours axe would judge
function hasWords(element) {
    if (element.offsetWidth <= 1 || element.closest("[disabled], [aria-disabled='true']") || element.control?.disabled) return false;
    return saying.has(element) || element.matches("a, button, select, textarea, input:not([type='radio'], [type='checkbox'], [type='hidden'])");
}
// what is behind its words, as far as elements around it say
function ground(element, style) {
    const around = behind.get(element.parentElement) ?? start, {backgroundColor, backgroundImage} = style;
    const image = backgroundImage === 'none' ? '' : `image ${backgroundImage}`;
    const isPlain = /static|relative/.test(style.position) && style.opacity === '1' && style.filter === 'none'
        && style.transform === 'none' && style.mixBlendMode === 'normal';
    const is = isPlain ? around : styles.get(element);
    if (backgroundColor === 'rgba(0, 0, 0, 0)') return is + image;
    return (backgroundColor.startsWith('rgb(') && isPlain ? '' : is) + backgroundColor + image;
}
// what counts of them; of a link beside other words also how it differs from those
function words(element, style) {
    const size = parseFloat(style.fontSize), isLarge = size >= 24 || (size >= 18.6 && Number(style.fontWeight) >= 700);
    const own = [style.color, isLarge, style.textShadow], link = element.closest('a');
    if (!link) return own;
    let block = link.parentElement;
    while (getComputedStyle(block).display.startsWith('inline')) block = block.parentElement;
    const linked = [...block.querySelectorAll('a')].reduce((length, {textContent}) => length + textContent.trim().length, 0);
    if (block.textContent.trim().length <= linked) return own;
    const {color, textDecorationLine, borderBottomStyle, fontWeight} = getComputedStyle(link), {color: beside} = getComputedStyle(block);
    return [...own, color, textDecorationLine, borderBottomStyle, fontWeight, beside];
}
// a heading or a landmark, in the one that it is in; headings by the step from the one before
function part(element, seen) {
    const {localName, parentElement} = element, role = element.getAttribute('role'), heading = localName.match(/^h([1-6])$/);
    const label = element.getAttribute('aria-label') ?? element.getAttribute('aria-labelledby');
    const is = `${parts.get(parentElement)} ${localName} ${role} ${label && again(`${localName} ${label}`)} ${seen} ${holding.has(element)}`;
    page.push(hash(heading && seen ? `${is} ${Number(heading[1]) - level}` : is));
    if (heading && seen) level = Number(heading[1]);
    return hash(is);
}
const counted = new Map(), {lang} = document.documentElement;
const whole = [hash(page.filter((one) => upToTwo(counted, one)).join()), hash(`lang ${lang}`)];

function looked() {
    const wider = document.documentElement.scrollWidth - innerWidth;
    const astray = [...document.querySelectorAll('#error-summary a')].filter(({hash}) => !document.getElementById(hash.slice(1)));
    const pairs = new Map([...colours.values()].map((pair) => [pair[1], pair]));
    return [wider, astray.length, [...whole, ...new Set([...shapes.values()].map(([, shape]) => shape))], [...pairs.values()], 'axe' in window];
}

// of a page's shapes and colours those that are not known: what axe finds, and which colours it found good
async function judged(given) {
    const unseen = new Set(given), COLOURS = ['color-contrast', 'link-in-text-block'], [found, good] = [[], new Map()];
    const PAGE = ['accesskeys', 'bypass', 'document-title', 'duplicate-id-aria', 'heading-order', 'html-has-lang', 'html-lang-valid',
        'frame-title-unique', 'landmark-no-duplicate-banner', 'landmark-no-duplicate-contentinfo', 'landmark-no-duplicate-main',
        'landmark-one-main', 'landmark-unique', 'page-has-heading-one', 'region'];
    const judge = async (context, options, resultTypes = ['violations']) => {
        const results = await axe.run(context, {resultTypes, elementRef: true, ...options});
        found.push(...results.violations);
        return results;
    };
    const outermost = (elements) => elements.filter((element) => !elements.includes(element.parentElement));
    const around = (element) => { // what may be wrong because of it
        const {localName, parentElement} = element;
        if (parentElement?.matches('ul, ol, dl')) return parentElement;
        return (localName === 'th' ? element.closest('table') : parentElement?.closest("[aria-hidden='true'], [role], a, button, summary")) ?? element;
    };
    const news = (entries, within) => { // what is new; of the same, two
        const times = new Map(), include = new Set(), exclude = [];
        for (const [element, [, shape]] of entries) if (unseen.has(shape)) {
            if (upToTwo(times, shape)) include.add(within(element)); else exclude.push(element);
        }
        return {include: outermost([...include]), exclude: outermost(exclude)};
    };
    const elements = news(shapes, around), painted = news(colours, (element) => element);
    if (whole.some((shape) => unseen.has(shape))) await judge(document, {runOnly: PAGE});
    if (elements.include.length) {
        await judge(elements, {rules: Object.fromEntries([...PAGE, ...COLOURS].map((rule) => [rule, {enabled: false}]))});
    }
    if (painted.include.length) {
        const {passes, incomplete} = await judge(painted, {runOnly: COLOURS}, ['violations', 'passes', 'incomplete']);
        for (const [results, isGood] of [[passes, true], [incomplete, false]]) {
            for (const {element} of results.flatMap(({nodes}) => nodes)) if (colours.has(element)) {
                good.set(colours.get(element)[0], isGood || behind.get(element).includes('image')); // axe cannot tell what is on one
            }
        }
    }
    return [found.map(({id, help, nodes}) => [id, help, nodes.map(({html}) => html)]), [...good.keys()].filter((alike) => good.get(alike))];
}
