import { useEffect, useRef, useState } from 'preact/hooks';
import UPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { api, type Latest, type Sample } from './api';
import { formatNumber, formatTick, localeOf, withUnit } from './format';
import type { Language, Texts } from './texts';

const HOUR_MS = 3_600_000;
const PERIODS = [
  { hours: 1, resolution: 'raw', label: (texts: Texts) => texts.hours(1) },
  { hours: 24, resolution: '15m', label: (texts: Texts) => texts.hours(24) },
  { hours: 24 * 30, resolution: '1h', label: (texts: Texts) => texts.days(30) },
] as const;
const REFRESH_MS = 10_000;
const HEIGHT = 260;

interface Props {
  texts: Texts;
  point: Latest;
  language: Language;
}

export const Chart = ({ texts, point, language }: Props) => {
  const [period, setPeriod] = useState<(typeof PERIODS)[number]>(PERIODS[0]);
  const [samples, setSamples] = useState<Sample[]>();

  useEffect(() => {
    let live = true;
    setSamples(undefined);
    const refresh = async () => {
      const from = new Date(Date.now() - period.hours * HOUR_MS);
      // keeps what it has when the service does not answer; the page says so elsewhere
      const found = await api.curve(point.id, from, period.resolution).catch(() => undefined);
      if (live && found !== undefined) setSamples(found);
    };
    void refresh();
    const timer = setInterval(() => void refresh(), REFRESH_MS);
    return () => {
      live = false;
      clearInterval(timer);
    };
  }, [point.id, period]);

  const title = `${point.deviceName} – ${withUnit(point.name, point.unit)}`;
  return (
    <section aria-labelledby="chart">
      <h2 id="chart">{title}</h2>
      <div class="periods" role="group" aria-label={texts.period}>
        {PERIODS.map((choice) => (
          <button
            type="button"
            key={choice.hours}
            aria-pressed={choice === period}
            onClick={() => setPeriod(choice)}
          >
            {choice.label(texts)}
          </button>
        ))}
      </div>
      {samples === undefined && <p role="status">{texts.loading}</p>}
      {samples?.length === 0 && <p>{texts.noSamples}</p>}
      {samples !== undefined && samples.length > 0 && (
        <Plot samples={samples} title={title} name={point.name} texts={texts} language={language} />
      )}
    </section>
  );
};

const numberOf = (value: Sample['value']): number | null => (typeof value === 'number' ? value : null);

/** Room around the values; a constant lies in the middle of a scale that fits its size. */
const rangeOf = (min: number | null, max: number | null): [number, number] => {
  if (min === null || max === null) return [0, 1];
  const room = max > min ? (max - min) / 10 : Math.max(Math.abs(min) / 100, 0.5);
  return [min - room, max + room];
};

interface PlotProps {
  samples: Sample[];
  title: string;
  name: string;
  texts: Texts;
  language: Language;
}

const optionsOf = (width: number, { samples, name, texts, language }: PlotProps): UPlot.Options => ({
  width,
  height: HEIGHT,
  scales: { y: { range: (_plot, min, max) => rangeOf(min, max) } },
  axes: [
    { values: (_plot, ticks, _axis, _space, step) => ticks.map((tick) => formatTick(tick, step, language)) },
    { size: 70, values: (_plot, ticks) => ticks.map((tick) => formatNumber(tick, language)) },
  ],
  series: [
    {
      label: texts.time,
      value: (_plot, time) =>
        time === null ? '–' : new Date(time * 1000).toLocaleString(localeOf(language)),
    },
    {
      label: name,
      stroke: '#1f5f4a',
      width: 2,
      points: { show: samples.length < 60, size: 5 },
      value: (_plot, value) => (value === null ? '–' : formatNumber(value, language)),
    },
  ],
});

const Plot = (props: PlotProps) => {
  const { samples, title, language } = props;
  const box = useRef<HTMLDivElement>(null);

  useEffect(() => {
    const element = box.current;
    if (element === null) return undefined;
    const times = samples.map(({ time }) => Date.parse(time) / 1000);
    const values = samples.map(({ value }) => numberOf(value));
    const plot = new UPlot(optionsOf(element.clientWidth, props), [times, values], element);
    const resize = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height: HEIGHT }));
    resize.observe(element);
    return () => {
      resize.disconnect();
      plot.destroy();
    };
  }, [samples, title, language]);

  return <div ref={box} class="plot" role="img" aria-label={title} data-samples={samples.length} />;
};
