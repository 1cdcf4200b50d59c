'use strict';
/*
 * What is in view of each map's columns and lanes is put on the screen, and
 * taken away when it is not any more.  With #all in the address everything is
 * there at once.
 */
(function () {
const SVG = 'http://www.w3.org/2000/svg';
const SPARE = 500;	/* pixels around what is in view */
const MANY = 16;	/* lanes; of more, those that do nothing are left out */
const PAPER = 1100;	/* pixels of a printed row */
const PRINTED = 400;	/* columns at most */
const RAILS = ['alive', 'rail r', 'rail w', 'rail e'];
const data = JSON.parse(document.getElementById('trace').textContent);
const all = location.hash === '#all';
const views = [];
let current = null;
let zoom = 1;

function element(parent, name, className) {
	const e = document.createElement(name);

	if (className)
		e.className = className;
	return parent.appendChild(e);
}

function svg(parent, name, attributes, inner) {
	const e = document.createElementNS(SVG, name);

	for (const key in attributes)
		e.setAttribute(key, attributes[key]);
	if (inner)
		e.innerHTML = inner;
	return parent.appendChild(e);
}

function box(parent, x, width, height, scale) {
	const e = svg(parent, 'svg', {
		width: width * scale, height: height * scale,
		viewBox: '0 0 ' + width + ' ' + height
	});

	e.style.left = x * scale + 'px';
	return e;
}

/* ---- A map's geometry. ---- */

/* The lanes with something in columns from..to-1, and how many more live. */
function chooseLanes(map, from, to, busyOnly) {
	const busy = new Set(), living = new Set();

	for (let i = from; i < to; i++)
		for (const piece of map.columns[i].lanes)
			busy.add(piece[0]);
	for (const s of map.spans)
		if (s[0] === 0 && s[2] < to && s[4] >= from &&
		    !busy.has(s[1]))
			living.add(s[1]);
	if (!busyOnly)
		for (const lane of living)
			busy.add(lane);
	return {
		lanes: Array.from(busy).sort((a, b) => a - b),
		leftOut: busyOnly ? living.size : 0
	};
}

/* Where each of these lanes stands; rows(lane) tells how many it takes. */
function stack(lanes, rows) {
	const tops = new Map(), heights = new Map();
	let height = 0;

	for (const lane of lanes) {
		tops.set(lane, height);
		heights.set(lane, 2 * data.pad +
		    Math.max(2, rows(lane)) * data.row);
		height += heights.get(lane);
	}
	return { tops: tops, heights: heights, height: height };
}

/* The rows that the lanes need in these columns. */
function neededRows(map, from, to) {
	const rows = new Map();
	const need = (lane, n) =>
	    rows.set(lane, Math.max(n, rows.get(lane) || 0));

	for (let i = from; i < to; i++)
		for (const piece of map.columns[i].lanes)
			need(piece[0], piece[1]);
	for (const s of map.spans)
		if (s[2] < to && s[4] >= from)
			need(s[1], s[0]);
	return (lane) => rows.get(lane) || 0;
}

/* ---- Pieces. ---- */

function drawSpans(parent, map, from, to, left, place, scope) {
	const layers = [svg(parent, 'g', {}), svg(parent, 'g', {})];

	for (const s of map.spans) {
		const top = place.tops.get(s[1]);

		if (top === undefined || s[2] >= to || s[4] < from ||
		    (scope && !scope(s[1])))
			continue;
		const a = s[2] < from ? left(from) : left(s[2]) + s[3];
		const b = s[4] >= to ? left(to) : left(s[4]) + s[5];

		if (s[0] === 0)
			svg(layers[0], 'rect', {
				class: RAILS[0], x: a, y: top + 3,
				width: Math.max(1, b - a), rx: 5,
				height: place.heights.get(s[1]) - 6
			});
		else
			svg(layers[1], 'path', {
				class: RAILS[s[0]], d: 'M' + a + ' ' +
				    (top + data.pad + data.row / 2 +
				    (s[0] - 1) * data.row) + 'H' + b
			});
	}
}

function drawColumn(parent, map, i, place, scope) {
	const c = map.columns[i];

	parent.dataset.column = i;
	parent.dataset.pass = c.pass;
	parent.innerHTML = c.tall;
	for (const piece of c.lanes) {
		const top = place.tops.get(piece[0]);

		if (top === undefined || (scope && !scope(piece[0])))
			continue;
		const g = svg(parent, 'g', {
			class: 'lane', transform: 'translate(0,' + top + ')'
		}, piece[2]);

		g.dataset.lane = piece[0];
		g.dataset.channel = map.lanes[piece[0]].channel;
		g.dataset.class = map.lanes[piece[0]].class;
	}
}

function drawLabels(parent, map, place, scope) {
	for (const [lane, top] of place.tops)
		if (!scope || scope(lane))
			svg(parent, 'g', {
				transform: 'translate(0,' + top + ')',
				'data-label': lane
			}, map.lanes[lane].label);
}

/* ---- A view on the screen. ---- */

class View {
	constructor(map, parent) {
		const section = element(parent, 'section', 'map');

		section.dataset.pid = map.pid;
		section.dataset.map = map.map;
		this.map = map;
		this.lefts = [0];
		for (const c of map.columns)
			this.lefts.push(this.lefts[this.lefts.length - 1] +
			    c.width);
		this.busyOnly = map.lanes.length > MANY && !all;
		element(section, 'h2').textContent = map.name +
		    (map.columns.length === 0 ? ': no event' : '');
		if (map.trouble)
			element(section, 'p', 'bad').textContent = map.trouble;
		this.overview = element(section, 'div', 'overview');
		this.canvas = element(this.overview, 'canvas');
		this.mark = element(this.overview, 'div', 'mark');
		this.view = element(section, 'div', 'view');
		this.view.tabIndex = 0;
		this.sheet = element(this.view, 'div', 'sheet');
		this.corner = element(this.sheet, 'div', 'corner');
		this.heads = element(this.sheet, 'div', 'heads');
		this.labels = element(this.sheet, 'div', 'labels');
		this.body = element(this.sheet, 'div', 'body');
		if (map.columns.length === 0)
			this.view.hidden = true;
		this.listen();
		this.render();
	}

	listen() {
		this.view.addEventListener('scroll', () => this.later());
		this.view.addEventListener('focus', () => choose(this));
		this.view.addEventListener('pointerenter', () => choose(this));
		this.view.addEventListener('wheel', (event) => {
			if (!event.ctrlKey)
				return;
			event.preventDefault();
			choose(this);
			setZoom(zoom * Math.exp(-event.deltaY / 300),
			    event.clientX -
			    this.view.getBoundingClientRect().left);
		}, { passive: false });
		const go = (event) => {
			if (event.buttons & 1)
				this.view.scrollLeft = (event.clientX -
				    this.overview.getBoundingClientRect()
				    .left) / this.overview.clientWidth *
				    this.lefts[this.map.columns.length] *
				    zoom - this.view.clientWidth / 2;
		};
		this.overview.addEventListener('pointerdown', go);
		this.overview.addEventListener('pointermove', go);
	}

	later() {
		if (!this.pending)
			this.pending = requestAnimationFrame(() => {
				this.pending = 0;
				this.render();
			});
	}

	/* The column at x, by halves. */
	at(x) {
		let low = 0, high = this.map.columns.length;

		while (high - low > 1) {
			const mid = (low + high) >> 1;

			if (this.lefts[mid] <= x)
				low = mid;
			else
				high = mid;
		}
		return low;
	}

	/* The columns in view, and some more. */
	range() {
		const from = this.view.scrollLeft / zoom;
		const width = (this.view.clientWidth || 1200) / zoom;

		if (all || this.map.columns.length === 0)
			return [0, this.map.columns.length];
		return [this.at(from - SPARE),
		    this.at(from + width + SPARE) + 1];
	}

	/* Is a lane in view, or near it? */
	scope(place) {
		const step = 400;
		const from = Math.floor(this.view.scrollTop / zoom / step) *
		    step - step;
		const to = from + this.view.clientHeight / zoom + 4 * step;

		this.from = all ? 0 : from;
		return all ? null : (lane) => {
			const top = place.tops.get(lane);

			return top < to &&
			    top + place.heights.get(lane) > from;
		};
	}

	/* Only what has changed is drawn again. */
	render() {
		const [from, to] = this.range();
		const chosen = from + ' ' + to + ' ' + this.busyOnly;

		if (this.chosen !== chosen) {
			this.place = stack(all || !this.busyOnly ?
			    this.map.lanes.map((_, i) => i) :
			    chooseLanes(this.map, from, to, true).lanes,
			    (lane) => this.map.lanes[lane].rows);
			this.chosen = chosen;
		}
		const scope = this.scope(this.place);
		const key = [chosen, this.from, this.view.clientHeight,
		    zoom].join(' ');

		if (this.key !== key)
			this.draw(from, to, scope);
		this.key = key;
		this.drawOverview();
	}

	/* Columns that are there, as they should be, stay. */
	draw(from, to, scope) {
		const map = this.map, place = this.place, z = zoom;
		const height = Math.max(place.height, 1);
		const frame = [this.busyOnly ? from + ' ' + to : '', this.from,
		    this.view.clientHeight, z].join(' ');

		if (this.frame !== frame) {
			this.heads.textContent = this.labels.textContent =
			    this.body.textContent = '';
			this.drawn = new Map();
			this.resize(height, z);
			drawLabels(box(this.labels, 0, data.label, height, z),
			    map, place, scope);
		}
		this.frame = frame;
		for (const [i, parts] of this.drawn)
			if (i < from || i >= to) {
				parts.forEach((part) => part.remove());
				this.drawn.delete(i);
			}
		if (from < to)
			this.drawRails(from, to, height, scope);
		for (let i = from; i < to; i++)
			if (!this.drawn.has(i))
				this.drawn.set(i, this.drawOne(i, height,
				    scope));
	}

	resize(height, z) {
		this.sheet.style.gridTemplate =
		    this.map.depth * data.head * z + 'px ' + height * z +
		    'px / ' + data.label * z + 'px ' +
		    this.lefts[this.map.columns.length] * z + 'px';
	}

	/* Below all columns. */
	drawRails(from, to, height, scope) {
		const left = (i) => this.lefts[i] - this.lefts[from];
		const rails = box(this.body, this.lefts[from], left(to),
		    height, zoom);

		if (this.rails)
			this.rails.remove();
		this.rails = rails;
		this.body.prepend(rails);
		drawSpans(rails, this.map, from, to, left, this.place, scope);
	}

	drawOne(i, height, scope) {
		const w = this.map.columns[i].width;
		const head = box(this.heads, this.lefts[i], w,
		    this.map.depth * data.head, zoom);
		const column = box(this.body, this.lefts[i], w, height, zoom);

		head.innerHTML = this.map.columns[i].head;
		drawColumn(column, this.map, i, this.place, scope);
		return [head, column];
	}

	/* Where one is in all of it, and where errors are. */
	drawOverview() {
		const total = this.lefts[this.map.columns.length];
		const wide = this.view.clientWidth;

		this.overview.hidden = all || total * zoom < 3 * wide;
		if (this.overview.hidden)
			return;
		this.mark.style.left = this.view.scrollLeft / zoom / total *
		    100 + '%';
		this.mark.style.width = wide / zoom / total * 100 + '%';
		if (this.bars !== wide)
			this.drawBars(total);
		this.bars = wide;
	}

	drawBars(total) {
		const canvas = this.canvas;
		const scale = devicePixelRatio || 1;
		const width = canvas.width = canvas.clientWidth * scale;
		const height = canvas.height = canvas.clientHeight * scale;
		const c = canvas.getContext('2d');

		this.map.columns.forEach((col, i) => {
			const h = Math.min(1, col.lanes.length / 8) *
			    (height - 4);

			c.fillStyle = col.bad ? '#da3633' : '#2f81d8';
			c.globalAlpha = col.bad ? 1 : .55;
			c.fillRect(this.lefts[i] / total * width, height - h,
			    Math.max(1, col.width / total * width - 1), h);
		});
	}

	go(i) {
		if (i < 0 || i >= this.map.columns.length)
			return;
		this.view.scrollLeft = this.lefts[i] * zoom;
		this.render();
	}

	here() {
		return this.at(this.view.scrollLeft / zoom + 1);
	}
}

/* ---- What one can do. ---- */

function choose(view) {
	current = view;
	document.getElementById('busy').checked = view.busyOnly;
	document.getElementById('error').disabled =
	    !view.map.columns.some((c) => c.bad);
}

/* The place x of the current view stays where it is. */
function setZoom(z, x) {
	const before = zoom;

	zoom = Math.min(4, Math.max(.1, z));
	document.getElementById('fit').textContent =
	    Math.round(zoom * 100) + ' %';
	for (const view of views) {
		const at = view === current ? x || 0 : 0;
		const there = (view.view.scrollLeft + at) / before;

		view.render();
		view.view.scrollLeft = there * zoom - at;
		view.render();
	}
}

function goToPass(n) {
	const columns = current.map.columns;
	let i = columns.findIndex((c) => c.pass >= n);

	if (i > 0 && columns[i].pass > n)
		i--;	/* it is inside of another */
	current.go(i);
}

function step(by) {
	const columns = current.map.columns;
	let i = current.here() + by;

	while (i > 0 && i < columns.length && columns[i].pass === 0)
		i += by;
	current.go(i);
}

function goToError() {
	const columns = current.map.columns, here = current.here();
	const i = columns.findIndex((c, i) => i > here && c.bad);

	current.go(i >= 0 ? i : columns.findIndex((c) => c.bad));
}

const doing = {
	before: () => step(-1), next: () => step(1), error: goToError,
	out: () => setZoom(zoom / 1.25), fit: () => setZoom(1),
	in: () => setZoom(zoom * 1.25)
};
const keys = { p: 'before', n: 'next', e: 'error', '-': 'out', 0: 'fit',
    '+': 'in' };

function listen() {
	for (const id in doing)
		document.getElementById(id).addEventListener('click',
		    doing[id]);
	document.getElementById('pass').addEventListener('change', (event) =>
	    goToPass(Number(event.target.value)));
	document.getElementById('busy').addEventListener('change', (event) => {
		current.busyOnly = event.target.checked;
		current.render();
	});
	addEventListener('keydown', (event) => {
		if (event.target.tagName !== 'INPUT' && !event.ctrlKey &&
		    !event.metaKey && !event.altKey && keys[event.key])
			doing[keys[event.key]]();
	});
	addEventListener('resize', () => views.forEach((v) => v.render()));
}

/* ---- On paper: rows of columns, as in a text. ---- */

function printRow(parent, map, from, to, width) {
	const busy = chooseLanes(map, from, to, true);
	const chosen = busy.lanes.length + busy.leftOut > MANY ? busy :
	    chooseLanes(map, from, to, false);
	const place = stack(chosen.lanes, neededRows(map, from, to));
	const head = map.depth * data.head;
	const sheet = box(parent, 0, data.label + width, head + place.height,
	    1);
	const body = svg(sheet, 'g', {
		transform: 'translate(' + data.label + ',' + head + ')'
	});
	const left = (i) => {
		let x = 0;

		for (let k = from; k < i; k++)
			x += map.columns[k].width;
		return x;
	};

	drawLabels(svg(sheet, 'g', {
		transform: 'translate(0,' + head + ')'
	}), map, place);
	drawSpans(body, map, from, to, left, place);
	for (let i = from; i < to; i++) {
		svg(body, 'g', {
			transform: 'translate(' + left(i) + ',' + -head + ')'
		}, map.columns[i].head);
		drawColumn(svg(body, 'svg', {
			x: left(i), width: map.columns[i].width,
			height: Math.max(1, place.height)
		}), map, i, place);
	}
}

function printMap(parent, view) {
	const map = view.map, n = map.columns.length;
	const first = n > PRINTED ? view.here() : 0;
	const last = Math.min(n, first + PRINTED);

	element(parent, 'h2').textContent = map.name;
	if (map.trouble)
		element(parent, 'p', 'bad').textContent = map.trouble;
	if (n > PRINTED)
		element(parent, 'p', 'bad').textContent = PRINTED +
		    ' columns of ' + n + ' are printed, from the first one ' +
		    'in view on.';
	for (let from = first, to; from < last; from = to) {
		let width = map.columns[from].width;

		for (to = from + 1; to < last && data.label + width +
		    map.columns[to].width <= PAPER; to++)
			width += map.columns[to].width;
		printRow(parent, map, from, to,
		    Math.max(width, PAPER - data.label));
	}
}

function preparePrint() {
	cleanPrint();
	const paper = element(document.body, 'div');

	paper.id = 'print';
	for (const view of views)
		printMap(paper, view);
}

function cleanPrint() {
	const paper = document.getElementById('print');

	if (paper)
		paper.remove();
}

/* ---- The page. ---- */

document.querySelector('.tools').hidden = false;
document.body.classList.toggle('all', all);
for (const map of data.maps)
	views.push(new View(map, document.getElementById('maps')));
choose(views[0]);
listen();
addEventListener('beforeprint', preparePrint);
addEventListener('afterprint', cleanPrint);
})();
