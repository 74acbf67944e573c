-- how many rows have which fault
SELECT
  "t2"."wrong",
  COUNT(*) AS "n"
FROM (
  SELECT
    *
  FROM (
    SELECT
      "t0"."profile_id",
      "t0"."title_id",
      "t0"."variant_id",
      "t0"."action",
      "t0"."shown_at",
      "t0"."propensity",
      CASE
        WHEN (
          "t0"."profile_id" IS NULL
        )
        OR (
          REPLACE("t0"."profile_id", ' ', '') = ''
        )
        OR (
          (
            "t0"."title_id" IS NULL
          ) OR (
            REPLACE("t0"."title_id", ' ', '') = ''
          )
        )
        OR (
          (
            "t0"."variant_id" IS NULL
          ) OR (
            REPLACE("t0"."variant_id", ' ', '') = ''
          )
        )
        THEN 0
        WHEN "t0"."shown_at" IS NULL
        THEN 1
        WHEN "t0"."shown_at" > CAST('2026-05-01T00:00:00' AS TIMESTAMP)
        THEN 2
        WHEN (
          "t0"."action" IS NULL
        )
        OR NOT (
          "t0"."action" IN ('impression', 'play', 'quality_play')
        )
        THEN 3
        WHEN (
          "t0"."action" = 'impression'
        ) AND (
          "t0"."propensity" IS NULL
        )
        THEN 4
        WHEN (
          "t0"."propensity" IS NOT NULL
        )
        AND NOT (
          (
            "t0"."propensity" > 0
          ) AND (
            "t0"."propensity" <= 1
          )
        )
        THEN 5
        WHEN NOT (
          "t0"."title_id" || ' / ' || "t0"."variant_id" IN ('film / hero', 'film / star')
        )
        THEN 6
        ELSE CAST(NULL AS SMALLINT)
      END AS "wrong"
    FROM "events" AS "t0"
  ) AS "t1"
  WHERE
    "t1"."wrong" IS NOT NULL
) AS "t2"
GROUP BY
  1;

-- how many are there twice, stand alone, and can be used
SELECT
  SUM("t3"."impressions" + "t3"."plays" + "t3"."quality_plays") - SUM(
    CASE WHEN "t3"."impressions" > 0 THEN 1 ELSE 0 END + CASE WHEN "t3"."plays" > 0 THEN 1 ELSE 0 END + CASE WHEN "t3"."quality_plays" > 0 THEN 1 ELSE 0 END
  ) AS "twice",
  SUM(
    CASE
      WHEN "t3"."impressions" > 0
      THEN 0
      ELSE CASE WHEN "t3"."plays" > 0 THEN 1 ELSE 0 END + CASE WHEN "t3"."quality_plays" > 0 THEN 1 ELSE 0 END
    END
  ) AS "orphan",
  SUM(
    CASE
      WHEN "t3"."impressions" > 0
      THEN CASE WHEN "t3"."plays" > 0 THEN 1 ELSE 0 END + CASE WHEN "t3"."quality_plays" > 0 THEN 1 ELSE 0 END + 1
      ELSE 0
    END
  ) AS "usable"
FROM (
  SELECT
    "t2"."profile_id",
    "t2"."variant_id",
    "t2"."shown_at",
    SUM(CASE WHEN "t2"."action" = 'impression' THEN 1 ELSE 0 END) AS "impressions",
    SUM(CASE WHEN "t2"."action" = 'play' THEN 1 ELSE 0 END) AS "plays",
    SUM(CASE WHEN "t2"."action" = 'quality_play' THEN 1 ELSE 0 END) AS "quality_plays",
    MAX("t2"."propensity") AS "propensity"
  FROM (
    SELECT
      *
    FROM (
      SELECT
        "t0"."profile_id",
        "t0"."title_id",
        "t0"."variant_id",
        "t0"."action",
        "t0"."shown_at",
        "t0"."propensity",
        CASE
          WHEN (
            "t0"."profile_id" IS NULL
          )
          OR (
            REPLACE("t0"."profile_id", ' ', '') = ''
          )
          OR (
            (
              "t0"."title_id" IS NULL
            ) OR (
              REPLACE("t0"."title_id", ' ', '') = ''
            )
          )
          OR (
            (
              "t0"."variant_id" IS NULL
            ) OR (
              REPLACE("t0"."variant_id", ' ', '') = ''
            )
          )
          THEN 0
          WHEN "t0"."shown_at" IS NULL
          THEN 1
          WHEN "t0"."shown_at" > CAST('2026-05-01T00:00:00' AS TIMESTAMP)
          THEN 2
          WHEN (
            "t0"."action" IS NULL
          )
          OR NOT (
            "t0"."action" IN ('impression', 'play', 'quality_play')
          )
          THEN 3
          WHEN (
            "t0"."action" = 'impression'
          ) AND (
            "t0"."propensity" IS NULL
          )
          THEN 4
          WHEN (
            "t0"."propensity" IS NOT NULL
          )
          AND NOT (
            (
              "t0"."propensity" > 0
            ) AND (
              "t0"."propensity" <= 1
            )
          )
          THEN 5
          WHEN NOT (
            "t0"."title_id" || ' / ' || "t0"."variant_id" IN ('film / hero', 'film / star')
          )
          THEN 6
          ELSE CAST(NULL AS SMALLINT)
        END AS "wrong"
      FROM "events" AS "t0"
    ) AS "t1"
    WHERE
      "t1"."wrong" IS NULL
  ) AS "t2"
  GROUP BY
    1,
    2,
    3
) AS "t3";

-- what every profile was shown and played of every variant
SELECT
  "t5"."profile_id",
  "t5"."variant_id",
  SUM("t5"."weight") AS "shown",
  SUM(CASE WHEN "t5"."played" THEN "t5"."weight" ELSE 0.0 END) AS "weight",
  COUNT(*) AS "n_shown",
  SUM(CASE WHEN "t5"."played" THEN 1 ELSE 0 END) AS "n_plays"
FROM (
  SELECT
    "t4"."profile_id",
    "t4"."variant_id",
    "t4"."at",
    "t4"."played",
    "t4"."reward",
    "t4"."propensity",
    EXP(CAST(1773532800 - "t4"."at" AS DOUBLE PRECISION) * -2.674178937345468E-7) AS "weight"
  FROM (
    SELECT
      "t3"."profile_id",
      "t3"."variant_id",
      CAST(CAST(CAST("t3"."shown_at" AS BIGINT) AS DOUBLE PRECISION) / 1000 AS BIGINT) AS "at",
      (
        "t3"."plays" + "t3"."quality_plays"
      ) > 0 AS "played",
      CASE WHEN "t3"."quality_plays" > 0 THEN 1.0 ELSE 0.0 END AS "reward",
      "t3"."propensity"
    FROM (
      SELECT
        "t2"."profile_id",
        "t2"."variant_id",
        "t2"."shown_at",
        SUM(CASE WHEN "t2"."action" = 'impression' THEN 1 ELSE 0 END) AS "impressions",
        SUM(CASE WHEN "t2"."action" = 'play' THEN 1 ELSE 0 END) AS "plays",
        SUM(CASE WHEN "t2"."action" = 'quality_play' THEN 1 ELSE 0 END) AS "quality_plays",
        MAX("t2"."propensity") AS "propensity"
      FROM (
        SELECT
          *
        FROM (
          SELECT
            "t0"."profile_id",
            "t0"."title_id",
            "t0"."variant_id",
            "t0"."action",
            "t0"."shown_at",
            "t0"."propensity",
            CASE
              WHEN (
                "t0"."profile_id" IS NULL
              )
              OR (
                REPLACE("t0"."profile_id", ' ', '') = ''
              )
              OR (
                (
                  "t0"."title_id" IS NULL
                ) OR (
                  REPLACE("t0"."title_id", ' ', '') = ''
                )
              )
              OR (
                (
                  "t0"."variant_id" IS NULL
                ) OR (
                  REPLACE("t0"."variant_id", ' ', '') = ''
                )
              )
              THEN 0
              WHEN "t0"."shown_at" IS NULL
              THEN 1
              WHEN "t0"."shown_at" > CAST('2026-05-01T00:00:00' AS TIMESTAMP)
              THEN 2
              WHEN (
                "t0"."action" IS NULL
              )
              OR NOT (
                "t0"."action" IN ('impression', 'play', 'quality_play')
              )
              THEN 3
              WHEN (
                "t0"."action" = 'impression'
              ) AND (
                "t0"."propensity" IS NULL
              )
              THEN 4
              WHEN (
                "t0"."propensity" IS NOT NULL
              )
              AND NOT (
                (
                  "t0"."propensity" > 0
                ) AND (
                  "t0"."propensity" <= 1
                )
              )
              THEN 5
              WHEN NOT (
                "t0"."title_id" || ' / ' || "t0"."variant_id" IN ('film / hero', 'film / star')
              )
              THEN 6
              ELSE CAST(NULL AS SMALLINT)
            END AS "wrong"
          FROM "events" AS "t0"
        ) AS "t1"
        WHERE
          "t1"."wrong" IS NULL
      ) AS "t2"
      GROUP BY
        1,
        2,
        3
    ) AS "t3"
    WHERE
      "t3"."impressions" > 0
  ) AS "t4"
  WHERE
    "t4"."at" < 1773532800 AND "t4"."at" >= 1765756800
) AS "t5"
GROUP BY
  1,
  2;

-- impressions of some profiles
SELECT
  "t3"."profile_id",
  "t3"."variant_id",
  CAST(CAST(CAST("t3"."shown_at" AS BIGINT) AS DOUBLE PRECISION) / 1000 AS BIGINT) AS "at",
  (
    "t3"."plays" + "t3"."quality_plays"
  ) > 0 AS "played",
  CASE WHEN "t3"."quality_plays" > 0 THEN 1.0 ELSE 0.0 END AS "reward",
  "t3"."propensity"
FROM (
  SELECT
    "t2"."profile_id",
    "t2"."variant_id",
    "t2"."shown_at",
    SUM(CASE WHEN "t2"."action" = 'impression' THEN 1 ELSE 0 END) AS "impressions",
    SUM(CASE WHEN "t2"."action" = 'play' THEN 1 ELSE 0 END) AS "plays",
    SUM(CASE WHEN "t2"."action" = 'quality_play' THEN 1 ELSE 0 END) AS "quality_plays",
    MAX("t2"."propensity") AS "propensity"
  FROM (
    SELECT
      *
    FROM (
      SELECT
        "t0"."profile_id",
        "t0"."title_id",
        "t0"."variant_id",
        "t0"."action",
        "t0"."shown_at",
        "t0"."propensity",
        CASE
          WHEN (
            "t0"."profile_id" IS NULL
          )
          OR (
            REPLACE("t0"."profile_id", ' ', '') = ''
          )
          OR (
            (
              "t0"."title_id" IS NULL
            ) OR (
              REPLACE("t0"."title_id", ' ', '') = ''
            )
          )
          OR (
            (
              "t0"."variant_id" IS NULL
            ) OR (
              REPLACE("t0"."variant_id", ' ', '') = ''
            )
          )
          THEN 0
          WHEN "t0"."shown_at" IS NULL
          THEN 1
          WHEN "t0"."shown_at" > CAST('2026-05-01T00:00:00' AS TIMESTAMP)
          THEN 2
          WHEN (
            "t0"."action" IS NULL
          )
          OR NOT (
            "t0"."action" IN ('impression', 'play', 'quality_play')
          )
          THEN 3
          WHEN (
            "t0"."action" = 'impression'
          ) AND (
            "t0"."propensity" IS NULL
          )
          THEN 4
          WHEN (
            "t0"."propensity" IS NOT NULL
          )
          AND NOT (
            (
              "t0"."propensity" > 0
            ) AND (
              "t0"."propensity" <= 1
            )
          )
          THEN 5
          WHEN NOT (
            "t0"."title_id" || ' / ' || "t0"."variant_id" IN ('film / hero', 'film / star')
          )
          THEN 6
          ELSE CAST(NULL AS SMALLINT)
        END AS "wrong"
      FROM "events" AS "t0"
    ) AS "t1"
    WHERE
      "t1"."wrong" IS NULL
  ) AS "t2"
  GROUP BY
    1,
    2,
    3
) AS "t3"
WHERE
  "t3"."impressions" > 0 AND "t3"."profile_id" IN ('ann', 'bo');
