import type { Choice } from "../../stationplan/webmap/assets/choice.js";
import type { Model } from "../../stationplan/webmap/assets/model.js";
import type { Scene } from "../../stationplan/webmap/assets/scene.js";

declare global {
  interface Window {
    stationplan: {
      fill?: (map: L.Map, groups: Record<string, L.FeatureGroup>) => Promise<void>;
      page?: { map: L.Map; model: Model; choice: Choice; scene: Scene; toSite: (row: number) => void };
      draw?: (map: L.Map) => Promise<void>;
      sides?: { model: Model; choice: Choice; scene: Scene; map: L.Map }[];
      compare?: (host: HTMLElement) => Promise<void>;
    };
  }
}
